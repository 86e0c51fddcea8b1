/** Closes a menu on Escape, and on a click elsewhere. */
export function foldMenu(menu: HTMLDetailsElement): void {
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !menu.contains(target)) menu.open = false;
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    event.stopPropagation(); // it must not clear anything else
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
}
