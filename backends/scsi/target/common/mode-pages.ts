/** A mode page that a unit has. The bytes include the page's header. */
export interface ModePageSpec {
  readonly code: number;
  readonly defaults: Uint8Array;
  /** Bits that MODE SELECT may change. */
  readonly changeable: Uint8Array;
}

export type PageControl = 'current' | 'changeable' | 'default' | 'saved';

/** In the order of the PC field. */
export const pageControls: readonly PageControl[] = ['current', 'changeable', 'default', 'saved'];

const PARAMETERS_SAVEABLE = 0x80;

interface ModePage extends ModePageSpec {
  current: Uint8Array;
  saved: Uint8Array;
}

/** A unit's mode pages; what is saved lasts as long as the unit does. @see SPC-4, "Mode parameters" */
export class ModePages {
  private readonly pages = new Map<number, ModePage>();

  constructor(specs: readonly ModePageSpec[]) {
    for (const spec of [...specs].sort((a, b) => a.code - b.code)) {
      this.pages.set(spec.code, {...spec, current: spec.defaults.slice(), saved: spec.defaults.slice()});
    }
  }

  get codes(): readonly number[] {
    return [...this.pages.keys()];
  }

  /** The page as it is now, to be read and, by the unit itself, written. */
  current(code: number): Uint8Array {
    const page = this.pages.get(code);
    if (page === undefined) throw new Error(`no mode page ${code}`);
    return page.current;
  }

  /** As MODE SENSE returns it; undefined if there is no such page. */
  view(code: number, control: PageControl): Uint8Array | undefined {
    const page = this.pages.get(code);
    if (page === undefined) return undefined;
    const {current, saved, defaults, changeable} = page;
    const values = {current, saved, default: defaults, changeable}[control].slice();
    values.set(defaults.subarray(0, 2));
    values[0] |= PARAMETERS_SAVEABLE;
    return values;
  }

  /** Looks whether a page of MODE SELECT can be set. Returns the index of the first byte that is wrong, and its bits; or none. */
  fault(page: Uint8Array): {byte: number; bits: number} | undefined {
    const found = this.pages.get(page[0] & 0x7f);
    if (found === undefined) return {byte: 0, bits: 0x3f};
    for (let byte = 2; byte < found.current.length; byte++) {
      const bits = (page[byte] ^ found.current[byte]) & ~found.changeable[byte];
      if (bits !== 0) return {byte, bits};
    }
    return undefined;
  }

  /** Takes over a page that has no fault. Returns whether that changed anything. */
  set(page: Uint8Array): boolean {
    const current = this.current(page[0] & 0x7f);
    const isChange = current.some((value, byte) => byte >= 2 && value !== page[byte]);
    current.set(page.subarray(2), 2);
    return isChange;
  }

  save(): void {
    for (const page of this.pages.values()) page.saved.set(page.current);
  }

  /** A reset: saved values become current. */
  restore(): void {
    for (const page of this.pages.values()) page.current.set(page.saved);
  }
}
