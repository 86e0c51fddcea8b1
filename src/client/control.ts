/**
 * A control of the dashboard: an element to whose `value` the charts are bound (Vega's `bind: {"element": …}`). Null
 * means no filter. The controls alone hold the state of the filters.
 */
export abstract class Control<Value> extends HTMLElement {
  #value: Value | null = null;

  get value(): Value | null {
    return this.#value;
  }

  /**
   * Sets the value and updates the charts. An equal value changes and fires nothing, because Vega sets it back while it
   * runs.
   */
  set value(value: Value | null) {
    const next = this.resolve(value);
    if (JSON.stringify(next) === JSON.stringify(this.#value)) return;
    this.#value = next;
    this.show();
    super.dispatchEvent(new Event('input'));
  }

  /**
   * Ignores the `input` that Vega fires after setting a value, even an unchanged one: the setter has already reported
   * the change.
   */
  override dispatchEvent(event: Event): boolean {
    return event.type === 'input' || super.dispatchEvent(event);
  }

  /** Sets the value on behalf of a person. */
  choose(value: Value | null): void {
    const before = this.#value;
    this.value = value;
    if (this.#value !== before) this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** Returns one form for equal values: null when a value filters nothing. */
  protected abstract resolve(value: Value | null): Value | null;

  /** Shows the reader the current value. */
  protected abstract show(): void;
}
