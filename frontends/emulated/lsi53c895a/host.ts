import type {ScsiUnit} from '../../api.ts';
import type {NativeMachine} from '../machine.ts';
import {scanPci} from '../pci.ts';
import {LsiAdapter} from './adapter.ts';
import {LsiUnit} from './unit.ts';

const VENDOR = 0x1000;
const DEVICE = 0x0012;
const OWN_ID = 7;
const IDS = 16;
const MAX_LUN = 63;
const MAX_LUNS = 64;
/** Peripheral qualifier and type of what is not there. */
const NOTHING = 0x7f;

const inquiry = Uint8Array.of(0x12, 0, 0, 0, 36, 0);
const reportLuns = Uint8Array.of(0xa0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 0, 0);
const LIST_BYTES = 8 + MAX_LUNS * 8;

/** An adapter and the units on its bus. */
export class LsiHost {
  readonly units: readonly ScsiUnit[];
  private readonly adapter: LsiAdapter;
  private readonly found: readonly LsiUnit[];

  private constructor(adapter: LsiAdapter, found: readonly LsiUnit[]) {
    this.adapter = adapter;
    this.found = found;
    this.units = found;
  }

  /** Starts the first adapter on the PCI bus and looks for units. Undefined: there is none. `host`: its number. */
  static async probe(machine: NativeMachine, host = 0): Promise<LsiHost | undefined> {
    const pci = scanPci(machine.io).find(({vendorId, deviceId}) => vendorId === VENDOR && deviceId === DEVICE);
    if (pci === undefined) return undefined;
    const adapter = new LsiAdapter(machine, pci);
    const found: LsiUnit[] = [];
    for (let id = 0; id < IDS; id++) if (id !== OWN_ID) found.push(...(await scanTarget(adapter, host, id)));
    return new LsiHost(adapter, found);
  }

  stats(): Readonly<Record<string, number>> {
    return this.adapter.stats();
  }

  close(): void {
    for (const unit of this.found) unit.close();
    this.adapter.close();
  }
}

const scanTarget = async (adapter: LsiAdapter, host: number, id: number): Promise<LsiUnit[]> => {
  const first = new LsiUnit(adapter, host, {id, lun: 0});
  const identity = await first.execute(inquiry, {dataInBytes: 36});
  if (identity.host !== 0) return [];
  const list = await first.execute(reportLuns, {dataInBytes: LIST_BYTES});
  const luns = list.status === 0 ? lunsOf(list.data) : [0];
  const isThere = (lun: number): boolean => lun !== 0 || identity.data[0] !== NOTHING;
  return luns.filter(isThere).map((lun) => (lun === 0 ? first : new LsiUnit(adapter, host, {id, lun})));
};

/** Of the list only those that a message can name. */
const lunsOf = (list: Uint8Array): number[] => {
  const luns: number[] = [];
  for (let at = 8; at + 8 <= list.length; at += 8) luns.push(list[at] * 256 + list[at + 1]);
  return luns.filter((lun) => lun <= MAX_LUN);
};
