import type {NetDevice} from '../../../frontends/api.ts';
import type {Random} from '../../../hypervisor/schedule/index.ts';
import {BROADCAST, type FrameModel, MIN_FRAME} from '../checkers/frame-model.ts';
import type {Workload} from './workload.ts';

/** Longest pause between two frames. */
const MAX_PAUSE_NS = 1e5;
const MTU_FRAME = 1514;

export interface NetParts {
  readonly name: string;
  readonly random: Random;
  readonly calls: number;
  /** The interface, while there is one. */
  readonly nic: () => NetDevice | undefined;
  /** "vif1.0" */
  readonly vif: string;
  readonly mac: Uint8Array;
  /** Addresses of the network, some of which nobody has. */
  readonly macs: readonly Uint8Array[];
  readonly model: FrameModel;
  readonly sleep: (delayNs: number) => Promise<void>;
}

/** Frames of all lengths to others, to all, and to nobody. */
export class NetWorkload implements Workload {
  readonly name: string;
  readonly survives = true;
  private readonly parts: NetParts;

  constructor(parts: NetParts) {
    this.name = parts.name;
    this.parts = parts;
  }

  async work(): Promise<void> {
    const {random, calls, nic, vif, mac, macs, model, sleep} = this.parts;
    for (let i = 0; i < calls; i++) {
      const to = random.chance(0.3) ? BROADCAST : macs[random.below(macs.length)];
      const length = random.chance(0.2) ? MTU_FRAME : MIN_FRAME + random.below(MTU_FRAME - MIN_FRAME);
      const frame = model.make(to, mac, length);
      if (nic()?.send(frame) === true) model.sent(vif, frame);
      if (random.chance(0.5)) await sleep(random.below(MAX_PAUSE_NS));
    }
  }

  fault(): string | undefined {
    return this.parts.model.fault;
  }
}
