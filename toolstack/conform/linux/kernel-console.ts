import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import {virtualClock} from '../../../hypervisor/schedule/index.ts';
import {ConsolePage} from '../peers/console-page.ts';
import {createRig, type Rig} from '../rig.ts';
import type {GuestConsole} from '../stand/guest-console.ts';
import type {StandOptions} from '../stand/stand.ts';
import {KernelGuest} from './kernel-guest.ts';

const SAID = '/tmp/said';
const TYPED = '/tmp/typed';
/** In which the shell begins what it was told, and the check takes the daemon's place. */
const CHANGE_NS = 5e8;
/** After that the guest speaks, or has spoken. */
const SPEAK_S = 1;
/** So long the guest listens. */
const LISTEN_S = 4;
const NS_PER_S = 1e9;

/** Keeps a program of the guest from being held up: a byte that it waits for. */
const GO_ON = new Uint8Array([0x2e]);

/** What the guest's shell is doing while the check has its console. */
interface Task {
  readonly end: Promise<unknown>;
  /** It waits for a byte. */
  readonly waits: boolean;
}

/**
 * The console of a kernel, which is also where its shell is told what to do: by the console daemon, in whose place the
 * check comes while the guest speaks or listens.
 */
export class KernelConsole implements GuestConsole {
  readonly rig: Rig;
  private readonly kernel: KernelGuest;
  private readonly note: (what: string) => void;
  private current: ConsolePage | undefined;
  private task: Task | undefined;

  private constructor(rig: Rig, kernel: KernelGuest, note: (what: string) => void) {
    this.rig = rig;
    this.kernel = kernel;
    this.note = note;
  }

  static async open(image: string, {choices, log}: StandOptions): Promise<KernelConsole> {
    const rig = await createRig({clock: virtualClock(choices.seed), traced: false});
    log.followClock(() => rig.schedule.now());
    const console = new KernelConsole(rig, await KernelGuest.restore(rig, image), (what) => log.add('peer', what));
    await console.takeOver();
    return console;
  }

  get page(): ConsolePage {
    if (this.current === undefined) throw new Error('the console daemon has the console');
    return this.current;
  }

  get lastLines(): string[] {
    return this.kernel.lastLines(20);
  }

  async say(bytes: Uint8Array): Promise<void> {
    await this.giveBack();
    await this.rig.run(() => this.kernel.putFile(SAID, bytes));
    this.tell(`sleep ${SPEAK_S}; cat ${SAID}; dd bs=1 count=1 of=/dev/null 2> /dev/null`, true);
    await this.takeOver();
    await this.rig.settle(SPEAK_S * NS_PER_S);
  }

  async listen(): Promise<void> {
    await this.giveBack();
    this.tell(`timeout ${LISTEN_S} cat > ${TYPED}`, false);
    await this.takeOver();
  }

  async heard(): Promise<number[]> {
    await this.giveBack();
    const typed = await this.rig.run(() => this.kernel.bytesOf(`cat ${TYPED}`));
    await this.takeOver();
    return [...typed];
  }

  private tell(command: string, waits: boolean): void {
    this.task = {end: this.kernel.alone(`stty raw -echo; ${command}; stty -raw -echo`), waits};
  }

  /** The check serves the console. */
  private async takeOver(): Promise<void> {
    const {rig, kernel} = this;
    const {domain} = kernel;
    await rig.settle(CHANGE_NS);
    kernel.leaveConsole();
    const [gfn = 0, remote = 0] = [HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN].map((param) =>
      domain.hvmParams.get(param),
    );
    const {ops} = rig.dom0;
    const port = ops.evtchnBindInterdomain(domain.id, remote);
    this.current = new ConsolePage(domain, gfn, ops, port, this.note);
    // A channel that is bound is pending once.
    await rig.settle(1e6);
    this.current.events = 0;
  }

  /** The daemon serves it again, and what the shell was told is done. */
  private async giveBack(): Promise<void> {
    this.current?.close();
    this.current = undefined;
    this.kernel.serveConsole();
    await this.rig.settle(CHANGE_NS);
    if (this.task?.waits === true) this.kernel.type(GO_ON);
    await this.rig.run(async () => this.task?.end);
    this.task = undefined;
  }
}
