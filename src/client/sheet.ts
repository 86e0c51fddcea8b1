/** Makes the controls a sheet on a narrow screen. A button opens it; the button, Escape or a click elsewhere closes it. */
export function bindSheet(button: HTMLButtonElement, sheet: HTMLElement): void {
  const isOpen = () => button.getAttribute('aria-expanded') === 'true';
  const show = (open: boolean) => {
    button.setAttribute('aria-expanded', String(open));
  };
  button.addEventListener('click', () => {
    show(!isOpen());
  });
  addEventListener('click', ({ target }) => {
    if (target instanceof Node && target !== button && !sheet.contains(target)) show(false);
  });
  const close = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen() || event.target instanceof HTMLInputElement) return;
    event.stopPropagation(); // a field undoes its own typing; nothing else hears the key
    show(false);
    button.focus();
  };
  addEventListener('keydown', close, true);
}
