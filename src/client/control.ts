/**
 * A control of the dashboard: an element whose `value` the charts are bound to (Vega's `bind: {"element": …}`). Null
 * means no filter. The controls are the only place where the state of the filters is kept.
 */
export abstract class Control<Value> extends HTMLElement {
  #value: Value | null = null;

  get value(): Value | null {
    return this.#value;
  }

  /** Sets the value and updates the charts. An equal value changes nothing and fires nothing: Vega sets it back while it runs. */
  set value(value: Value | null) {
    const next = this.resolve(value);
    if (JSON.stringify(next) === JSON.stringify(this.#value)) return;
    this.#value = next;
    this.show();
    super.dispatchEvent(new Event('input'));
  }

  /** Vega fires `input` of its own after it has set a value, if only to what it was: the setter has told of a change. */
  override dispatchEvent(event: Event): boolean {
    return event.type === 'input' || super.dispatchEvent(event);
  }

  /** Sets the value on behalf of a person. */
  choose(value: Value | null): void {
    const before = this.#value;
    this.value = value;
    if (this.#value !== before) this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** The one form of equal values: null when a value filters nothing. */
  protected abstract resolve(value: Value | null): Value | null;

  /** Brings what the reader sees in line with the value. */
  protected abstract show(): void;
}
