import type {RigDomain} from '../rig.ts';
import {type StoreReply, StoreClient} from '../peers/store-client.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import type {Rig} from '../rig.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';

/** A store under test with clients of dom0 and of guests. */
export class XenstoredStand extends Stand {
  private readonly options: StandOptions;
  private readonly seam: Seam;

  private constructor(rig: Rig, options: StandOptions) {
    super(rig, options);
    this.options = options;
    this.seam = new Seam(rig.dom0.ops, [...options.layers, recorder(options.log, 'iut')]);
  }

  static async open(options: StandOptions): Promise<XenstoredStand> {
    return new XenstoredStand(await startRig(options), options);
  }

  /** A guest that the store knows: introduced, with /local/domain/N. */
  guest(): Promise<RigDomain> {
    return this.rig.createGuest();
  }

  /** A connection of a domain; mutants lie on it. */
  client(domid = 0): StoreClient {
    const transport = this.options.iut.connectStore?.(this.rig, domid);
    if (transport === undefined) return this.inconclusive(`no connections for domain ${domid}`);
    return new StoreClient(this.seam.transport(transport), (what) => this.note(`d${domid} ${what}`));
  }

  /** A request and its reply; `payload` as on the wire, NULs and all. */
  ask(client: StoreClient, type: number, payload: string, txId = 0): Promise<StoreReply> {
    return this.within(client.request(type, payload, txId), 'a reply');
  }

  dump(): string[] {
    return [];
  }
}
