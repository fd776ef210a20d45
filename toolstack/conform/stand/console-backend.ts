import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import {XsClient} from '../../../hypervisor/xenstore/index.ts';
import type {ConsoleBackendUnderTest} from '../iut/console.ts';
import {ConsolePage} from '../peers/console-page.ts';
import type {Rig, RigDomain} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {RingSpy} from '../seam/ring-spy.ts';
import {Seam} from '../seam/seam.ts';
import {Breach} from '../verdict.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';

/** Grant reference by which dom0 maps a console. @see grant_table.h */
const RESERVED_CONSOLE = 0;

/** More than any check says. */
const OUTPUT_MAX = 1 << 18;

/** A guest whose console the check plays. */
export interface ScriptedGuest {
  readonly guest: RigDomain;
  readonly domid: number;
  readonly page: ConsolePage;
}

/** A console daemon under test in dom0; checks are its guests. */
export class ConsoleBackendStand extends Stand {
  readonly spy = new RingSpy();
  readonly daemon: ConsoleBackendUnderTest;
  /** Called when the daemon has taken something of a guest. */
  onHeard: ((domid: number) => void) | undefined;
  private readonly seam: Seam;
  private readonly output = new Map<number, number[]>();
  private readonly guests: ScriptedGuest[] = [];

  private constructor(rig: Rig, options: StandOptions) {
    super(rig, options);
    this.seam = new Seam(rig.dom0.ops, [...options.layers, recorder(options.log, 'iut'), this.spy]);
    const xs = new XsClient(this.seam.transport(rig.store.connectInProcess(0)));
    const onOutput = (domid: number, bytes: Uint8Array): void => {
      const length = this.outputOf(domid).push(...bytes);
      this.onHeard?.(domid);
      if (length > OUTPUT_MAX) throw new Breach(`${length} bytes come out, and no end`, 'what was said, once');
    };
    this.daemon =
      options.iut.consoles?.backend?.({ops: this.seam.ops, xs, onOutput}) ?? this.inconclusive('it serves no consoles');
  }

  static async open(options: StandOptions): Promise<ConsoleBackendStand> {
    return new ConsoleBackendStand(await startRig(options), options);
  }

  /** A domain with a console page; both rings begin at `start`. Its nodes come with `announce`. */
  async guest(start = 0): Promise<ScriptedGuest> {
    const guest = await this.rig.createGuest({pages: 64});
    const scripted = this.script(guest);
    scripted.page.startAt(start);
    return scripted;
  }

  /** What a soft reset leaves: another port, and the ring on another page where that is asked for. Not announced yet. */
  moves({guest}: ScriptedGuest, toPage: boolean): ScriptedGuest {
    const {domain, ops} = guest;
    ops.evtchnClose(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN));
    domain.hvmParams.set(HVM_PARAM_CONSOLE_EVTCHN, ops.evtchnAllocUnbound(0));
    if (toPage) {
      const gfn = ops.pages.alloc() ?? this.inconclusive('no page is free');
      domain.memory.u32[domain.grants.entryWord(RESERVED_CONSOLE) + 1] = gfn;
      domain.hvmParams.set(HVM_PARAM_CONSOLE_PFN, gfn);
    }
    return this.script(guest);
  }

  private script(guest: RigDomain): ScriptedGuest {
    const {domain, ops} = guest;
    const gfn = ops.hvmParam(HVM_PARAM_CONSOLE_PFN);
    this.seam.nameRing('console', gfn, ops.memory);
    const port = ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN);
    const page = new ConsolePage(domain, gfn, ops, port, (what) => this.note(`d${domain.id} ${what}`));
    const scripted = {guest, domid: domain.id, page};
    this.guests.push(scripted);
    return scripted;
  }

  /** The nodes that a toolstack writes for a console; those in `nodes` are others. */
  async announce({guest: {ops}, domid}: ScriptedGuest, nodes: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = {
      type: 'xenconsoled',
      limit: '1048576',
      tty: '',
      'ring-ref': String(ops.hvmParam(HVM_PARAM_CONSOLE_PFN)),
      port: String(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN)),
      ...nodes,
    };
    const {xs} = this.rig.dom0;
    const path = `/local/domain/${domid}/console`;
    await this.rig.run(() =>
      xs.transaction(async (tx) => {
        for (const [key, value] of Object.entries(all)) await xs.write(`${path}/${key}`, value, tx);
      }),
    );
    await this.settle();
  }

  /** A guest whose console the daemon serves. */
  async connect(start = 0): Promise<ScriptedGuest> {
    const scripted = await this.guest(start);
    await this.announce(scripted);
    return scripted;
  }

  /** All that the daemon has taken of a guest. */
  outputOf(domid: number): number[] {
    const known = this.output.get(domid) ?? [];
    this.output.set(domid, known);
    return known;
  }

  /** The guest says the bytes; what the daemon has got of them. */
  async hears({page, domid}: ScriptedGuest, bytes: Uint8Array): Promise<number[]> {
    this.outputOf(domid).length = 0;
    page.say(bytes);
    page.kick();
    await this.settle();
    return this.outputOf(domid);
  }

  dump(): string[] {
    return this.guests.map(({domid, page}) => `d${domid} ${String(page)}`);
  }
}
