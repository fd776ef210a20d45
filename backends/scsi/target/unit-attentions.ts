import type {Nexus} from './api.ts';
import {POWER_ON_OCCURRED, type SenseCode} from './sense-codes.ts';

/** Initiators that are remembered; one that was forgotten is told of a power on again. */
const MAX_NEXUSES = 256;
const MAX_PENDING = 16;

/**
 * What each initiator has to be told before its next command: a queue a nexus. An initiator that was never here is told that
 * the device was switched on. @see SAM-5, "Unit attention condition"
 */
export class UnitAttentions {
  private readonly pending = new Map<string, SenseCode[]>();

  /** What a nexus is to be told next; it counts as told. */
  take({name}: Nexus): SenseCode | undefined {
    const known = this.pending.get(name);
    if (known !== undefined) return known.length === 0 ? undefined : known.shift();
    this.remember(name);
    return POWER_ON_OCCURRED;
  }

  /** Tells everybody that was here, or those that are chosen. */
  raise(code: SenseCode, concerns: (name: string) => boolean = () => true): void {
    for (const [name, codes] of this.pending) {
      const isNew = !codes.some(({asc, ascq}) => asc === code.asc && ascq === code.ascq);
      if (concerns(name) && isNew && codes.length < MAX_PENDING) codes.push(code);
    }
  }

  raiseForOthers(code: SenseCode, {name}: Nexus): void {
    this.raise(code, (other) => other !== name);
  }

  /** A reset: what was to be told before means nothing any more. */
  restart(code: SenseCode): void {
    for (const name of this.pending.keys()) this.pending.set(name, [code]);
  }

  forget({name}: Nexus): void {
    this.pending.delete(name);
  }

  private remember(name: string): void {
    const [oldest] = this.pending.keys();
    if (this.pending.size >= MAX_NEXUSES) this.pending.delete(oldest);
    this.pending.set(name, []);
  }
}
