import {type BridgeLink, type BridgePort, FrameBatch} from '../../../backends/network/index.ts';

/** A fault of a network backend or of the bridge, around what joins the two. */
export interface NetworkMutant {
  /** In place of the backend's port, which gets frames for its guest. */
  readonly port?: (inner: BridgePort) => BridgePort;
  /** Changes the bridge's side of a port. */
  readonly link?: (link: BridgeLink) => void;
  /** How long the bridge knows an address. */
  readonly ageingNs?: number;
}

/** What becomes of a batch. */
type Change = (batch: FrameBatch) => FrameBatch;

/** `choose` gives the numbers of the frames that go on, in their order. */
const chosen =
  (choose: (count: number) => readonly number[]): Change =>
  (batch) => {
    const result = new FrameBatch(batch.memory);
    for (const i of choose(batch.count)) result.add(batch.offsets[i], batch.lengths[i], batch.offloads[i]);
    return result;
  };

const upTo = (count: number): number[] => Array.from({length: count}, (_, i) => i);

const loses = chosen((count) => upTo(count - 1));
const doubles = chosen((count) => [...upTo(count), count - 1]);
const turns = chosen((count) => upTo(count).toReversed());

const spoils: Change = (batch) => {
  for (let i = 0; i < batch.count; i++) batch.memory.u8[batch.offsets[i] + batch.lengths[i] - 1] ^= 1;
  return batch;
};

const toGuest = (change: Change): NetworkMutant => ({
  port: (inner) => ({name: inner.name, receive: (batch) => inner.receive(change(batch))}),
});

const fromGuest = (change: Change): NetworkMutant => ({
  link: (link) => {
    const send = link.send.bind(link);
    link.send = (batch) => send(change(batch));
  },
});

const bridgeLoses: NetworkMutant = {
  link: (link) => {
    const deliver = link.deliver.bind(link);
    link.deliver = (batch, nowNs) => {
      batch.count--;
      deliver(batch, nowNs);
    };
  },
};

const bridgeEchoes: NetworkMutant = {
  link: (link) => {
    const send = link.send.bind(link);
    link.send = (batch) => {
      send(batch);
      link.port.receive(batch);
    };
  },
};

export const networkMutants: Readonly<Record<string, NetworkMutant>> = {
  'vif-loses-frames': toGuest(loses),
  'vif-doubles-frames': toGuest(doubles),
  'vif-turns-frames-round': toGuest(turns),
  'vif-spoils-frames': toGuest(spoils),
  'vif-sends-less': fromGuest(loses),
  'vif-sends-twice': fromGuest(doubles),
  'vif-sends-the-last-first': fromGuest(turns),
  'vif-sends-other-bytes': fromGuest(spoils),
  'bridge-never-learns': {ageingNs: 0},
  'bridge-loses-frames': bridgeLoses,
  'bridge-echoes': bridgeEchoes,
};
