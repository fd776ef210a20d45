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
import {MAX_JITTER_NS, type Rates} from '../profiles.ts';
import type {NetworkMutant} from './mutants.ts';

export interface SimBridgeOptions {
  readonly ops: HypervisorOps;
  readonly random: Random;
  /** May change at any time: see {@link SimBridge.followRates}. */
  readonly rates: Rates;
  readonly frames: FrameModel;
  readonly mutant: NetworkMutant | undefined;
}

/** A bridge with bad lines to its ports, whose frames are looked at on both ends of each. */
export class SimBridge extends Bridge {
  private readonly options: SimBridgeOptions;
  private readonly ports = new Set<string>();

  constructor(options: SimBridgeOptions) {
    super({name: DEFAULT_BRIDGE, ops: options.ops, ageingNs: options.mutant?.ageingNs});
    this.options = options;
  }

  /** The rates have changed. */
  followRates(): void {
    for (const name of this.ports) this.spoil(name);
  }

  override attach(port: BridgePort, options?: PortOptions): BridgeLink | undefined {
    const {frames, mutant} = this.options;
    const {name} = port;
    const vif = mutant?.port?.(port) ?? port;
    const link = super.attach(
      {
        name,
        receive: (batch) => {
          for (const frame of batch.copies()) frames.handed(name, frame);
          vif.receive(batch);
        },
      },
      options,
    );
    if (link === undefined) return undefined;
    this.ports.add(name);
    this.spoil(name);
    this.follow(link);
    mutant?.link?.(link);
    return link;
  }

  override detach(link: BridgeLink): void {
    super.detach(link);
    this.options.frames.unplugged(link.port.name);
  }

  private spoil(port: string): void {
    const {random, rates} = this.options;
    const {lostFrame: loss, doubledFrame: duplicate, lateFrame: reorder, slowLine} = rates;
    this.inject(port, {loss, duplicate, reorder, jitterNs: Math.floor(slowLine * MAX_JITTER_NS), seed: random.u32()});
  }

  private follow(link: BridgeLink): void {
    const {frames} = this.options;
    const {name} = link.port;
    const send = link.send.bind(link);
    link.send = (batch) => {
      for (const frame of batch.copies()) frames.brought(name, frame);
      send(batch);
    };
    frames.plugged(name);
    link.frames.subscribe(({direction, frames: passing}) => {
      const end = direction === 'in' ? 'entered' : 'offered';
      for (const frame of passing) frames[end](name, frame);
    });
  }
}
