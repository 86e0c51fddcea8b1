const said = new Map<string, string>();

/** Shows a line above the page, under its own key; an empty text removes the line. */
export function notify(key: string, text: string): void {
  said.set(key, text);
  const place = document.getElementById('notice');
  if (!place) return;
  place.textContent = [...said.values()].filter(Boolean).join(' ');
  place.hidden = place.textContent === '';
}
