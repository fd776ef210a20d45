import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import type {ConsoleFrontendUnderTest} from '../iut/console.ts';
import {ConsolePage} from '../peers/console-page.ts';
import type {Domain} from '../../../hypervisor/index.ts';
import type {Rig} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {RingSpy} from '../seam/ring-spy.ts';
import {Seam} from '../seam/seam.ts';
import {Inconclusive} from '../verdict.ts';
import type {GuestConsole} from './guest-console.ts';
import {startRig} from './start-rig.ts';
import type {StandOptions} from './stand.ts';

/** A console driver in this process. It is loaded when the guest first speaks or listens. */
export class DriverConsole implements GuestConsole {
  readonly rig: Rig;
  readonly page: ConsolePage;
  readonly spy: RingSpy;
  readonly lastLines: readonly string[] = [];
  private readonly domain: Domain;
  private readonly load: () => ConsoleFrontendUnderTest | undefined;
  private readonly typed: number[] = [];
  private driver: ConsoleFrontendUnderTest | undefined;

  private constructor(parts: Pick<DriverConsole, 'rig' | 'page' | 'spy'>, domain: Domain, load: DriverConsole['load']) {
    this.rig = parts.rig;
    this.page = parts.page;
    this.spy = parts.spy;
    this.domain = domain;
    this.load = load;
  }

  static async open(options: StandOptions): Promise<DriverConsole> {
    const {layers, log, iut} = options;
    const rig = await startRig(options);
    const {domain, ops} = await rig.createGuest();
    const spy = new RingSpy();
    const seam = new Seam(ops, [...layers, recorder(log, 'iut'), spy]);
    const gfn = ops.hvmParam(HVM_PARAM_CONSOLE_PFN);
    seam.nameRing('console', gfn, ops.memory);
    const port = rig.dom0.ops.evtchnBindInterdomain(domain.id, ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN));
    const page = new ConsolePage(domain, gfn, rig.dom0.ops, port, (what) => log.add('peer', what));
    const onInput = (bytes: Uint8Array): void => void console.typed.push(...bytes);
    const console = new DriverConsole({rig, page, spy}, domain, () =>
      iut.consoles?.frontend?.({ops: seam.ops, onInput}),
    );
    // A channel that is bound is pending once.
    await rig.settle(1e6);
    page.events = 0;
    return console;
  }

  /** Loads the driver in a domain one of whose parameters is 0: whether it finds a console. */
  findsWithout(param: number): boolean {
    this.domain.hvmParams.set(param, 0);
    return this.load() !== undefined;
  }

  async say(bytes: Uint8Array): Promise<void> {
    this.start().write(bytes);
  }

  async listen(): Promise<void> {
    this.start();
  }

  async heard(): Promise<number[]> {
    return this.typed.splice(0);
  }

  private start(): ConsoleFrontendUnderTest {
    this.driver ??= this.load();
    if (this.driver === undefined) throw new Inconclusive('the driver finds no console');
    return this.driver;
  }
}
