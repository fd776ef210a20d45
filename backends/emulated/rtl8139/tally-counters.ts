import type {GuestDma} from '../bus/index.ts';
import type {FrameKind} from './receive-filter.ts';

const TWO_32 = 2 ** 32;

/** The counters that the chip dumps: name, bytes. @see RTL8139C+ datasheet, "Dump Tally Counter Command Register" */
const layout = [
  ['txOk', 8],
  ['rxOk', 8],
  ['txErrors', 8],
  ['rxErrors', 4],
  ['missed', 2],
  ['frameAlignment', 2],
  ['tx1Collision', 4],
  ['txMoreCollisions', 4],
  ['rxOkPhysical', 8],
  ['rxOkBroadcast', 8],
  ['rxOkMulticast', 4],
  ['txAborted', 2],
  ['txUnderrun', 2],
] as const;

type TallyName = (typeof layout)[number][0];

const receivedNames: Readonly<Record<FrameKind, TallyName | undefined>> = {
  broadcast: 'rxOkBroadcast',
  multicast: 'rxOkMulticast',
  physical: 'rxOkPhysical',
  other: undefined,
};

const DUMP_BYTES = 64;

/** What the chip has counted; no collisions happen at our bridges. */
export class TallyCounters {
  private readonly values = new Map<TallyName, number>();

  count(name: TallyName): void {
    this.values.set(name, (this.values.get(name) ?? 0) + 1);
  }

  countReceived(kind: FrameKind): void {
    const name = receivedNames[kind];
    this.count('rxOk');
    if (name !== undefined) this.count(name);
  }

  reset(): void {
    this.values.clear();
  }

  /** Writes the 64 bytes to the guest's memory. */
  dump(dma: GuestDma, address: number): void {
    const bytes = new Uint8Array(DUMP_BYTES);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [name, size] of layout) {
      const value = this.values.get(name) ?? 0;
      if (size === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
      if (size === 8) view.setUint32(at + 4, value / TWO_32, true);
      at += size;
    }
    dma.write(address, bytes);
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(layout.map(([name]) => [name, this.values.get(name) ?? 0]));
  }
}
