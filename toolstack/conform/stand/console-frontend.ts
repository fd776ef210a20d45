import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import type {ConsoleFrontendUnderTest} from '../iut/console.ts';
import {ConsolePage} from '../peers/console-page.ts';
import type {Rig, RigDomain} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {RingSpy} from '../seam/ring-spy.ts';
import {Seam} from '../seam/seam.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';

/** A guest's console driver under test; the check is dom0's end. */
export class ConsoleFrontendStand extends Stand {
  readonly page: ConsolePage;
  readonly spy = new RingSpy();
  /** What the guest got typed. */
  readonly typed: number[] = [];
  private readonly options: StandOptions;
  private readonly seam: Seam;

  private constructor(rig: Rig, guest: RigDomain, options: StandOptions) {
    super(rig, options);
    this.options = options;
    const {domain, ops} = guest;
    this.seam = new Seam(ops, [...options.layers, recorder(options.log, 'iut'), this.spy]);
    const gfn = ops.hvmParam(HVM_PARAM_CONSOLE_PFN);
    this.seam.nameRing('console', gfn, ops.memory);
    const port = rig.dom0.ops.evtchnBindInterdomain(domain.id, ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN));
    this.page = new ConsolePage(domain, gfn, rig.dom0.ops, port, (what) => this.note(what));
  }

  static async open(options: StandOptions): Promise<ConsoleFrontendStand> {
    const rig = await startRig(options);
    const stand = new ConsoleFrontendStand(rig, await rig.createGuest(), options);
    // A channel that is bound is pending once.
    await stand.settle(1e6);
    stand.page.events = 0;
    return stand;
  }

  /** Loads the driver; the page is as the check has left it. */
  start(): ConsoleFrontendUnderTest {
    const onInput = (bytes: Uint8Array): void => void this.typed.push(...bytes);
    const driver = this.options.iut.consoles?.frontend({ops: this.seam.ops, onInput});
    return driver ?? this.inconclusive('the driver finds no console');
  }

  dump(): string[] {
    return [String(this.page)];
  }
}
