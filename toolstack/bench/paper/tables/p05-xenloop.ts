import {modelWork, type Work} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {derivedWork, inTurn} from '../derived.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {pentiumD} from '../setups.ts';
import {netRx, netTx, timeOf} from '../software.ts';

/** ping's, and of a stream. */
const PING_BYTES = 98;
const STREAM_BYTES = 1514;
const PAYLOAD_BITS = 1460 * 8;
const STREAM_DEPTH = 64;

/** A shared ring between two guests: each copies once; one is told if it waits. */
const channel = (sizeBytes: number, events: number): Work => {
  const copies = {memcpyBytes: 2 * sizeBytes};
  return derivedWork({front: {hypercall: events, evtchnSend: events, upcall: events, ...copies}, back: {}});
};

interface At {
  readonly isChannel: boolean;
  readonly isStream: boolean;
}

/** us of a round trip, or Mbit/s. */
const model = async ({isChannel, isStream}: At, counter: Counter): Promise<number> => {
  const sizeBytes = isStream ? STREAM_BYTES : PING_BYTES;
  const depth = isStream ? STREAM_DEPTH : 1;
  const work = isChannel ? channel(sizeBytes, isStream ? 0 : 1) : await throughDom0(sizeBytes, depth, counter);
  const softwareNs = timeOf(netTx, pentiumD) + timeOf(netRx, pentiumD);
  const {throughputPerSec, latencyNs} = modelWork(work, depth, counter.list, {
    guestCpus: 2 * pentiumD.guestCpus,
    guestNs: softwareNs,
    backendNs: isChannel ? 0 : softwareNs,
  });
  return isStream ? (throughputPerSec * PAYLOAD_BITS) / 1e6 : (2 * latencyNs) / 1e3;
};

/** A frame from one guest to dom0, and from there to the other. */
const throughDom0 = async (sizeBytes: number, depth: number, counter: Counter): Promise<Work> => {
  const point = {device: 'net', driver: 'pv', sizeBytes, depth} as const;
  return inTurn(await counter.count({...point, operation: 'tx'}), await counter.count({...point, operation: 'rx'}));
};

export const p05: PaperTable = {
  id: 'P5',
  claim: 'A channel between two guests that leaves out dom0: a fifth of the round trip, up to six times the rate',
  source: 'Wang et al., XenLoop, HPDC 2008',
  certainty: 'recalled',
  priceList: 'dall2016-x86',
  unit: 'us; Mbit/s',
  setups: [pentiumD],
  software: [netTx, netRx],
  counts: 'net pv, guest to dom0 and dom0 to guest, 1 or 64 under way; the channel, which is not here, is derived',
  cells: cellsOf(
    [
      {name: 'ping, through dom0', published: 140, isChannel: false, isStream: false},
      {name: 'ping, channel', published: 28, isChannel: true, isStream: false},
      {name: 'lmbench, through dom0', published: 1488, isChannel: false, isStream: true},
      {name: 'lmbench, channel', published: 4920, isChannel: true, isStream: true},
      {name: 'netperf, through dom0', published: 2656, isChannel: false, isStream: true},
      {name: 'netperf, channel', published: 4143, isChannel: true, isStream: true},
    ],
    model,
  ),
  ratios: [
    {name: 'round trip: through dom0 against the channel', of: 'ping, through dom0', to: 'ping, channel'},
    ...['lmbench', 'netperf'].map((name) => ({
      name: `${name}: the channel against through dom0`,
      of: `${name}, channel`,
      to: `${name}, through dom0`,
    })),
  ],
  shapes: [
    {
      says: 'the channel halves the round trip at least',
      holds: (value) => value('ping, through dom0') > 2 * value('ping, channel'),
    },
    {
      says: 'the channel doubles the rate at least',
      holds: (value) => value('lmbench, channel') > 2 * value('lmbench, through dom0'),
    },
  ],
  lacks:
    "two cores for three domains, so that dom0's turns wait for the scheduler, and TCP and ping in the guests: all absolute numbers are " +
    'far off',
};
