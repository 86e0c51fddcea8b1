import { known } from '../shared/known.ts';
import type { Writer } from '../shared/text/format.ts';
import { writeWorkbook } from '../shared/text/xlsx.ts';
import { copyPicture, saveFile, takePicture } from './download.ts';
import { foldMenu } from './menu.ts';
import type { PanelElement } from './panel.ts';
import { composePage } from './saved-page.ts';
import { listSheets } from './workbook.ts';
import type { Scene } from './workbook.ts';

/** The parts of a page that its menu shares. */
interface Shared {
  scene: () => Scene;
  /** The view, as a URL hash. */
  view: () => string;
  /** Makes the file of the current choice alone; null when there is none to make. */
  narrow: () => (() => Promise<Blob>) | null;
  /** The panel shown on the slide. */
  panel: PanelElement | undefined;
}

/** Offers the ways to pass on a view. Links to a local file are left out, because they lead to the reader's own disk. */
export function offerShare({ scene, view, narrow, panel }: Shared, write: Writer): void {
  const { t } = write;
  const menu = known(document.getElementById('share')) as HTMLDetailsElement;
  foldMenu(menu);
  const said = known(menu.querySelector('.said'));
  said.textContent = ''; // left by a page saved while open
  const save = (file: Blob, name: string) => {
    saveFile(file, name);
    return t('Saved: {name}.', { name });
  };
  const actions: Record<string, () => Promise<string>> = {
    page: () => Promise.resolve(save(composePage(view()), 'zen-view.html')),
    chosen: async () => save(await known(narrow())(), 'zen-chosen.html'),
    xlsx: () =>
      Promise.resolve(
        save(new Blob([writeWorkbook(listSheets(scene(), write))], { type: workbook }), 'zen.xlsx'),
      ),
    picture: async () => save(await takePicture(known(panel), write), 'zen-slide.png'),
    copy: async () => {
      await copyPicture(takePicture(known(panel), write));
      return t('The picture is copied.');
    },
    link: async () => {
      await navigator.clipboard.writeText(location.href);
      return t('The link is copied.');
    },
  };
  const offerChosen = () => {
    known(menu.querySelector('[data-share=chosen]')).toggleAttribute('hidden', !narrow());
  };
  menu.addEventListener('toggle', offerChosen);
  const isServed = location.protocol.startsWith('http');
  known(menu.querySelector('[data-share=link]')).toggleAttribute('hidden', !isServed);
  known(menu.querySelector('.hint')).toggleAttribute('hidden', isServed);
  for (const button of menu.querySelectorAll<HTMLButtonElement>('[data-share]')) {
    const act = known(actions[known(button.dataset.share)]);
    button.addEventListener('click', () => {
      void act()
        .catch(() => t('The browser did not allow that.'))
        .then((text) => {
          said.textContent = text;
        });
    });
  }
}

const workbook = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
