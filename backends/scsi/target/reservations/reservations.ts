import type {Nexus} from '../api.ts';
import type {Access} from '../command.ts';

/** Types of persistent reservations. @see SPC-4, "Persistent reservation type codes" */
export const WRITE_EXCLUSIVE = 0x1;
export const EXCLUSIVE_ACCESS = 0x3;
export const WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 0x5;
export const EXCLUSIVE_ACCESS_REGISTRANTS_ONLY = 0x6;
export const WRITE_EXCLUSIVE_ALL_REGISTRANTS = 0x7;
export const EXCLUSIVE_ACCESS_ALL_REGISTRANTS = 0x8;

interface TypeTraits {
  /** Others may read. */
  readonly sharesReads: boolean;
  /** Every registered initiator has the holder's access. */
  readonly admitsRegistrants: boolean;
  /** Every registered initiator is a holder. */
  readonly isHeldByAll: boolean;
}

const traits = (sharesReads: boolean, admitsRegistrants: boolean, isHeldByAll: boolean): TypeTraits => ({
  sharesReads,
  admitsRegistrants,
  isHeldByAll,
});

export const reservationTypes: ReadonlyMap<number, TypeTraits> = new Map([
  [WRITE_EXCLUSIVE, traits(true, false, false)],
  [EXCLUSIVE_ACCESS, traits(false, false, false)],
  [WRITE_EXCLUSIVE_REGISTRANTS_ONLY, traits(true, true, false)],
  [EXCLUSIVE_ACCESS_REGISTRANTS_ONLY, traits(false, true, false)],
  [WRITE_EXCLUSIVE_ALL_REGISTRANTS, traits(true, true, true)],
  [EXCLUSIVE_ACCESS_ALL_REGISTRANTS, traits(false, true, true)],
]);

export interface Reservation extends TypeTraits {
  readonly type: number;
  /** Who made it. */
  readonly holder: string;
}

/** Initiators that have registered, and the one reservation there can be. @see SPC-4, "Persistent reservations" */
export class Reservations {
  /** PRGENERATION */
  generation = 0;
  reservation: Reservation | undefined;
  /** Keys by nexus. */
  readonly keys = new Map<string, bigint>();

  isRegistered({name}: Nexus, key: bigint): boolean {
    return this.keys.get(name) === key;
  }

  isHolder(name: string): boolean {
    const {reservation} = this;
    if (reservation === undefined) return false;
    return reservation.isHeldByAll ? this.keys.has(name) : reservation.holder === name;
  }

  allows(access: Access, {name}: Nexus): boolean {
    const {reservation} = this;
    if (reservation === undefined || access === 'look' || this.isHolder(name)) return true;
    if (reservation.admitsRegistrants && this.keys.has(name)) return true;
    return access === 'read' && reservation.sharesReads;
  }

  reserve(type: number, holder: string): void {
    const found = reservationTypes.get(type);
    if (found !== undefined) this.reservation = {...found, type, holder};
  }

  /** Takes a registration away, and the reservation with it when nobody holds that any more. Returns the one that ended. */
  unregister(name: string): Reservation | undefined {
    const wasHolder = this.isHolder(name);
    this.keys.delete(name);
    if (!wasHolder || this.reservation === undefined) return undefined;
    if (this.reservation.isHeldByAll && this.keys.size > 0) return undefined;
    const ended = this.reservation;
    this.reservation = undefined;
    return ended;
  }

  /** The next value of PRGENERATION: 32 bits. */
  countChange(): void {
    this.generation = (this.generation + 1) >>> 0;
  }
}
