import { known } from '../shared/known.ts';
import type { Writer } from '../shared/text/format.ts';
import { writeWorkbook } from '../shared/text/xlsx.ts';
import { saveFile } from './download.ts';
import { foldMenu } from './menu.ts';
import { listSheets } from './workbook.ts';
import type { Scene } from './workbook.ts';

/** The menu by which a view leaves the page. */
export function offerShare(scene: () => Scene, write: Writer): void {
  const { t } = write;
  const menu = known(document.getElementById('share')) as HTMLDetailsElement;
  foldMenu(menu);
  const said = known(menu.querySelector('.said'));
  const actions: Record<string, () => Promise<string>> = {
    xlsx: () => {
      saveFile(new Blob([writeWorkbook(listSheets(scene(), write))], { type: workbook }), 'zen.xlsx');
      return Promise.resolve('');
    },
    link: async () => {
      await navigator.clipboard.writeText(location.href);
      return t('The link is copied.');
    },
  };
  for (const button of menu.querySelectorAll<HTMLButtonElement>('[data-share]')) {
    const act = known(actions[known(button.dataset.share)]);
    button.addEventListener('click', () => {
      void act()
        .catch(() => t('This browser does not let the page copy.'))
        .then((text) => {
          said.textContent = text;
        });
    });
  }
}

const workbook = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
