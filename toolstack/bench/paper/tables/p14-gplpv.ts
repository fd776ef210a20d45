import {modelWork} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {ethernetSoftware, modelEthernet} from '../emulated-net.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {gplpvHost} from '../setups.ts';
import {blockBackend, blockGuest, timeOf} from '../software.ts';

const FRAME_BYTES = 1514;
const LINK_BYTES_PER_SEC = 125e6;
/** Of one transfer of Windows' IDE driver. */
const REQUEST_BYTES = 64 * 1024;
const DISK_BYTES_PER_SEC = 150e6;

interface Net {
  readonly nic: string;
}

interface Disk {
  readonly disk: string;
  readonly depth: number;
}

const model = (at: Net | Disk, counter: Counter): Promise<number> =>
  'nic' in at ? netRate(at, counter) : diskRate(at, counter);

/** Mbit/s of frames. */
const netRate = async ({nic}: Net, counter: Counter): Promise<number> => {
  const load = {setup: gplpvHost, driver: nic, operation: 'tx', frameBytes: FRAME_BYTES} as const;
  const {throughputPerSec} = await modelEthernet({...load, linkBytesPerSec: LINK_BYTES_PER_SEC}, counter);
  return (throughputPerSec * FRAME_BYTES * 8) / 1e6;
};

/** MB/s. */
const diskRate = async ({disk, depth}: Disk, counter: Counter): Promise<number> => {
  const point = {device: 'block', driver: disk, operation: 'write', sizeBytes: REQUEST_BYTES, depth} as const;
  const {throughputPerSec} = modelWork(await counter.count(point), depth, counter.list, {
    guestNs: timeOf(blockGuest, gplpvHost),
    backendNs: timeOf(blockBackend, gplpvHost),
    device: {serviceNs: (REQUEST_BYTES / DISK_BYTES_PER_SEC) * 1e9},
  });
  return (throughputPerSec * REQUEST_BYTES) / 1e6;
};

export const p14: PaperTable = {
  id: 'P14',
  claim: 'PV drivers give Windows four times the network and twice the disk of emulated devices',
  source: 'Xen wiki, Xen Windows GplPv',
  certainty: 'read',
  priceList: 'dall2016-x86-process',
  unit: 'Mbit/s; MB/s',
  setups: [gplpvHost],
  software: [...ethernetSoftware, blockGuest, blockBackend],
  counts: 'net rtl8139 and pv, frames of 1514 bytes sent; block ide-dma, 1 under way, and pv, 8, writes of 64 KiB',
  cells: cellsOf<Net | Disk>(
    [
      {name: 'net, emulated', published: 221, nic: 'rtl8139'},
      {name: 'net, PV', published: 998, nic: 'pv'},
      {name: 'disk, emulated', published: 80, disk: 'ide-dma', depth: 1},
      {name: 'disk, PV', published: 150, isFitted: true, disk: 'pv', depth: 8},
    ],
    model,
  ),
  ratios: ['net', 'disk'].map((name) => ({
    name: `${name}: PV against emulated`,
    of: `${name}, PV`,
    to: `${name}, emulated`,
  })),
  shapes: [
    {says: 'the PV network is at the rate of the link', holds: (value) => value('net, PV') > 0.9 * 1000},
    {says: 'the PV disk is at the rate of the disk', holds: (value) => value('disk, PV') > 0.9 * 150},
  ],
  lacks: "Windows: its drivers' accesses are taken to be those of ours, and its transfers to be of 64 KiB",
};
