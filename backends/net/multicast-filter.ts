import {isGroup, macHigh, macLow} from '../network/index.ts';

/** Addresses of one guest's list; Linux's netback has the same limit. */
export const MAX_GROUPS = 64;

/** The multicast addresses that a guest wants to hear. @see netif.h, "feature-multicast-control" */
export class MulticastFilter {
  /** request-multicast-control: the list may be edited without it, but counts with it only. */
  isOn = false;
  private readonly groups = new Set<number>();

  /** False when the list is full. */
  add(address: Uint8Array): boolean {
    if (this.groups.size >= MAX_GROUPS) return this.groups.has(keyOf(address, 0));
    this.groups.add(keyOf(address, 0));
    return true;
  }

  delete(address: Uint8Array): void {
    this.groups.delete(keyOf(address, 0));
  }

  /** Whether the frame at `at` is for the guest: all are but multicast that is not on the list. Broadcast is none. */
  passes(u8: Uint8Array, at: number): boolean {
    const high = macHigh(u8, at);
    if (!this.isOn || !isGroup(high)) return true;
    return (high === 0xffff && macLow(u8, at) === -1) || this.groups.has(keyOf(u8, at));
  }
}

/** An address as a number of 48 bits. */
const keyOf = (u8: Uint8Array, at: number): number => macHigh(u8, at) * 2 ** 32 + (macLow(u8, at) >>> 0);
