import {
  Bridge,
  type BridgeLink,
  type BridgePort,
  DEFAULT_BRIDGE,
  type PortOptions,
} from '../../../backends/network/index.ts';
import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import type {Random} from '../../../hypervisor/schedule/index.ts';
import type {FrameModel} from '../checkers/frame-model.ts';

import type {Rates} from '../profiles.ts';
import {FaultyPort} from './faulty-port.ts';
import type {NetworkMutant} from './mutants.ts';

export interface SimBridgeOptions {
  readonly ops: HypervisorOps;
  readonly random: Random;
  /** As they are now. */
  readonly rates: Rates;
  readonly frames: FrameModel;
  readonly mutant: NetworkMutant | undefined;
}

/** A bridge with bad lines to its ports, looked at on both ends of each. */
export class SimBridge extends Bridge {
  private readonly options: SimBridgeOptions;

  constructor(options: SimBridgeOptions) {
    super({name: DEFAULT_BRIDGE, ops: options.ops, ageingNs: options.mutant?.ageingNs});
    this.options = options;
  }

  override attach(port: BridgePort, options?: PortOptions): BridgeLink | undefined {
    const {ops, random, rates, frames, mutant} = this.options;
    const {name} = port;
    const vif = mutant?.port?.(port) ?? port;
    const tap: BridgePort = {
      name,
      receive: (batch) => {
        for (const frame of batch.copies()) frames.handed(name, frame);
        vif.receive(batch);
      },
    };
    const link = super.attach(new FaultyPort(tap, ops, random, rates), options);
    if (link === undefined) return undefined;
    frames.plugged(name);
    link.frames.subscribe(({direction, frames: passing}) => {
      const end = direction === 'in' ? 'entered' : 'offered';
      for (const frame of passing) frames[end](name, frame);
    });
    mutant?.link?.(link);
    return link;
  }

  override detach(link: BridgeLink): void {
    super.detach(link);
    this.options.frames.unplugged(link.port.name);
  }
}
