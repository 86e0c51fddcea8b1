import type { NamedGroup } from '../shared/data/payload.ts';
import type { Row, Tables } from '../shared/data/table.ts';
import type { Writer } from '../shared/text/format.ts';
import type { Translate } from '../shared/text/messages.ts';
import { describeTopic } from '../shared/text/topic-text.ts';
import type { TopicText } from '../shared/text/topic-text.ts';
import type { TopicRow } from '../shared/topics.ts';
import { known } from '../shared/known.ts';
import { MultiSelect } from './multi-select.ts';

type Key = 'name' | 'events' | 'change' | 'clicks' | 'views';

/** Returns the value that a column sorts by; unknown values come last. */
const values: Record<Key, (row: TopicRow) => number | string | null> = {
  name: ({ name }) => name,
  events: ({ events }) => events,
  change: ({ now, before }) => (now === null || before === null ? null : now / before - 1),
  clicks: ({ clicks }) => clicks,
  views: ({ views }) => views,
};

/** A named group in the table. The rows of its topics stand below its own, folded until opened. */
interface Section {
  group: NamedGroup;
  line: HTMLElement;
  isOpen: boolean;
}

/** The table of card topics. Each row describes a topic, or a named group, and chooses it. */
export class TopicTable extends MultiSelect {
  #rows: TopicRow[] = [];
  #lines = new Map<string, HTMLElement>();
  #sections: Section[] = [];
  /** The rows of the sections, in order. */
  #sums: TopicRow[] = [];
  #key: Key = 'events';
  #falling = true;

  override offer(names: readonly string[], write: Writer, groups: readonly NamedGroup[]): void {
    this.#restore();
    super.offer(names, write, groups);
    const lines = this.querySelectorAll<HTMLElement>('tbody .option');
    this.#lines = new Map(names.map((name, at) => [name, known(lines[at])]));
    for (const [name, line] of this.#lines) {
      this.#choose(line, () => {
        this.toggle(name);
      });
      line.addEventListener('pointerenter', () => {
        light(name);
      });
      line.addEventListener('pointerleave', () => {
        light(null);
      });
    }
    const heads = this.querySelectorAll<HTMLElement>('tbody .section');
    this.#sections = groups.map((group, at) => ({ group, line: known(heads[at]), isOpen: false }));
    for (const section of this.#sections) this.#bind(section);
    for (const button of this.querySelectorAll<HTMLButtonElement>('[data-sort]'))
      button.addEventListener('click', () => {
        this.#sortBy(known(button.dataset.sort) as Key);
      });
    const expand = this.querySelector('.expand');
    expand?.addEventListener('click', () => {
      const isWide = known(this.closest('.stage')).classList.toggle('is-wide');
      expand.setAttribute('aria-pressed', String(isWide));
      this.#toggleColumn('views', isWide);
    });
  }

  /** Restores the row order of a page saved while open, and reads which column it was sorted by. */
  #restore(): void {
    for (const kind of ['.section', '.option']) {
      const lines = [...this.querySelectorAll<HTMLElement>(`tbody ${kind}`)];
      lines.sort((a, b) => Number(a.dataset.code) - Number(b.dataset.code));
      this.querySelector('tbody')?.append(...lines);
    }
    for (const fold of this.querySelectorAll('.fold')) fold.setAttribute('aria-expanded', 'false');
    const sorted = known(this.querySelector('[aria-sort]'));
    this.#key = known(sorted.querySelector<HTMLElement>('[data-sort]')?.dataset.sort) as Key;
    this.#falling = sorted.getAttribute('aria-sort') === 'descending';
  }

  /** Handles a click on a row, outside of its buttons. */
  #choose(line: HTMLElement, choose: () => void): void {
    line.addEventListener('click', ({ target }) => {
      if (target instanceof Element && !target.closest('button')) choose();
    });
  }

  #bind(section: Section): void {
    const { line, group } = section;
    this.#choose(line, () => {
      this.toggleGroup(group.names);
    });
    const fold = known(line.querySelector('.fold'));
    fold.addEventListener('click', () => {
      section.isOpen = !section.isOpen;
      fold.setAttribute('aria-expanded', String(section.isOpen));
      this.#order();
    });
  }

  /** Writes the numbers of the rows, in the order of the names and of the groups. */
  fill(rows: TopicRow[], groups: TopicRow[], write: Writer): void {
    if (rows === this.#rows) return;
    [this.#rows, this.#sums] = [rows, groups];
    for (const row of rows) fillLine(known(this.#lines.get(row.name)), row, write);
    for (const [at, row] of groups.entries()) fillLine(known(this.#sections[at]).line, row, write);
    this.#order();
  }

  /** Says what is compared, or could be; without a comparison, there is no column of changes. */
  compare(text: string, isCompared: boolean): void {
    this.#toggleColumn('change', isCompared);
    known(this.querySelector('.compared')).textContent = text;
  }

  /** Gives each row the colour of its topic in the history. */
  paint({ lookUps }: Tables): void {
    for (const { name, tint } of lookUps.topics) {
      const line = this.#lines.get(String(name));
      if (!line || line.dataset.tint === tint) continue;
      line.dataset.tint = String(tint);
      for (const shape of line.querySelectorAll('[fill]')) shape.setAttribute('fill', String(tint));
    }
  }

  protected override tell(t: Translate): string {
    if (this.value) return super.tell(t);
    return t('All topics');
  }

  #toggleColumn(name: string, isShown: boolean): void {
    for (const cell of this.querySelectorAll<HTMLElement>(`.${name}`)) cell.hidden = !isShown;
  }

  #sortBy(key: Key): void {
    this.#falling = key === this.#key ? !this.#falling : key !== 'name';
    this.#key = key;
    for (const button of this.querySelectorAll<HTMLElement>('[data-sort]')) {
      const header = known(button.closest('th'));
      if (button.dataset.sort === key)
        header.setAttribute('aria-sort', this.#falling ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    }
    this.#order();
  }

  /** Sorts the rows, with the topics of a group below it. */
  #order(): void {
    const of = values[this.#key];
    const sort = (rows: readonly TopicRow[]) =>
      [...rows].sort((a, b) => compare(of(a), of(b), this.#falling) || b.events - a.events);
    const owners = new Map(this.#rows.map((row) => [row, this.#ownerOf(row.name)]));
    const linesOf = (rows: readonly TopicRow[]) => sort(rows).map(({ name }) => known(this.#lines.get(name)));
    for (const [{ name }, owner] of owners) {
      const { classList } = known(this.#lines.get(name));
      classList.toggle('is-inner', owner !== undefined);
      classList.toggle('is-folded', owner?.isOpen === false);
    }
    const heads = new Map(this.#sums.map((row, at) => [row, known(this.#sections[at])]));
    const lines = sort([...this.#sums, ...this.#rows.filter((row) => !owners.get(row))]).flatMap((row) => {
      const section = heads.get(row);
      if (!section) return linesOf([row]);
      return [section.line, ...linesOf(this.#rows.filter((one) => owners.get(one) === section))];
    });
    const body = this.querySelector('tbody');
    if (lines.some((line, at) => body?.children[at] !== line)) body?.append(...lines);
  }

  /** Returns the group that a topic stands under; of several, an open one. */
  #ownerOf(name: string): Section | undefined {
    const own = this.#sections.filter(({ group }) => group.names.includes(name));
    return own.find(({ isOpen }) => isOpen) ?? own[0];
  }
}

/** Writes the numbers of a row. */
export function fillLine(line: HTMLElement, row: TopicRow, write: Writer): void {
  const { course, ...texts } = describeTopic(row, write);
  line.querySelector('.course path')?.setAttribute('d', course);
  for (const cell of line.querySelectorAll<HTMLElement>('[data-field]'))
    cell.textContent = texts[cell.dataset.field as keyof Omit<TopicText, 'course'>];
  line
    .querySelector('.course')
    ?.parentElement?.setAttribute('data-most', write.number(Math.max(0, ...row.course)));
}

function compare(a: number | string | null, b: number | string | null, falling: boolean): number {
  const [x, y] = [a, b].map((value) => (Number.isNaN(value) ? null : value)) as [typeof a, typeof b];
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y);
  return falling ? -order : order;
}

/** Highlights a topic in every chart; null clears the highlight. */
function light(name: string | null): void {
  for (const path of document.querySelectorAll<SVGElement & { __data__?: { datum?: Row } }>('.view path')) {
    const { item_topic, source_topic } = path.__data__?.datum ?? {};
    const topic = item_topic ?? source_topic;
    path.classList.toggle('is-dim', name !== null && topic !== undefined && topic !== name);
  }
}
