/** A menu closes by Escape, and by a click elsewhere. */
export function foldMenu(menu: HTMLDetailsElement): void {
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !menu.contains(target)) menu.open = false;
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    event.stopPropagation(); // it clears nothing else
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
}
