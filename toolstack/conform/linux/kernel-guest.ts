import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../../hypervisor/abi/hvm/params.ts';
import {ConsoleDaemon} from '../../../backends/console/index.ts';
import type {Domain} from '../../../hypervisor/index.ts';
import {
  buildSpecialPages,
  consoleNodes,
  writeBuiltDomain,
  writeDevice,
  writeDomainSkeleton,
} from '../../builder/index.ts';
import {openSaved} from '../../host/restore.ts';
import {gunzipSync, gzipSync} from 'node:zlib';
import type {Rig} from '../rig.ts';

const NAME = 'conform';
const UUID = '00000000-0000-4000-8000-000000000001';
/** What a domain may have beyond its memory. */
const SLACK_PAGES = 256;
const KIB_PER_PAGE = 4;
/** A kernel that goes on where it was saved has to see to its store and console first. */
const RESUME_NS = 1e9;
/** Characters kept of what it says. */
const MAX_SAID = 10_000;
/** How a command's end is told from its echo: the shell puts the number in. */
const END = /@(\d+) (\d+)(?: ([^\r\n]*))?\r?\n/g;

/** Characters of a line that a shell lets one type, less what else the command has. */
const MAX_TEXT = 700;

/** How a command ended. */
interface CommandEnd {
  readonly status: number;
  /** What it printed, a line. */
  readonly output: string;
}

/** A real kernel on a rig, driven by the shell on its console. */
export class KernelGuest {
  readonly domain: Domain;
  private readonly consoles: ConsoleDaemon;
  private readonly waiting = new Map<number, (end: CommandEnd) => void>();
  private commands = 0;
  /** Output that no command's end has been found in. */
  private text = '';
  private said = '';

  private constructor(rig: Rig, domain: Domain) {
    this.domain = domain;
    this.consoles = new ConsoleDaemon({ops: rig.dom0.ops, xs: rig.dom0.xs});
    const decoder = new TextDecoder('latin1');
    this.consoles.output.subscribe(({bytes}) => this.hear(decoder.decode(bytes)));
  }

  /** Goes on from a kernel that `warmKernel` saved. */
  static async restore(rig: Rig, image: string): Promise<KernelGuest> {
    const {xen, schedule, dom0} = rig;
    const saved = await schedule.hold(openSaved(image));
    const {config, pages} = saved.state;
    const machine = await schedule.hold(saved.machine());
    const domain = xen.createDomain({
      pages,
      maxPages: pages + SLACK_PAGES,
      podPages: machine.podPages,
      abi: machine.abi,
      memory: machine.memory,
      vcpu: (owner, index) => machine.createVcpu(xen, owner, index),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    const guest = new KernelGuest(rig, domain);
    const domid = domain.id;
    const {storePort, storeGfn} = buildSpecialPages(xen, dom0.domain, domain, machine.frames);
    await rig.run(async () => {
      const {xs} = dom0;
      await writeDomainSkeleton(xs, {domid, name: NAME, uuid: UUID, type: config.type, driverDomain: false});
      await writeBuiltDomain(xs, {
        domid,
        uuid: UUID,
        memoryKib: pages * KIB_PER_PAGE,
        maxMemoryKib: pages * KIB_PER_PAGE,
        vcpus: 1,
        maxVcpus: 1,
        storePort,
        storeGfn,
        kernel: config.kernel ?? '',
        ramdisk: config.ramdisk,
        cmdline: config.cmdline,
        startTime: '0',
      });
      await xs.introduce(domid, storeGfn, storePort);
      const [page = 0, port = 0] = [HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN].map((param) =>
        domain.hvmParams.get(param),
      );
      await writeDevice(xs, consoleNodes(domid, page, port));
      guest.consoles.add(domid);
    });
    machine.boot(xen, domain, {cmdline: config.cmdline ?? ''}, () => undefined);
    xen.unpause(domain);
    await rig.settle(RESUME_NS);
    return guest;
  }

  /** Runs a command of one line in the background; what it prints is one line at most. Resolves when it has ended. */
  shell(command: string): Promise<CommandEnd> {
    const number = ++this.commands;
    const line = `(o=$(${command} 2>/dev/null); echo "@${number} $? $o") &\r`;
    this.type(new TextEncoder().encode(line));
    return new Promise((resolve) => this.waiting.set(number, resolve));
  }

  /** Runs a command that has the console for itself, up to its end. */
  alone(command: string): Promise<CommandEnd> {
    const number = ++this.commands;
    this.type(new TextEncoder().encode(`${command}; echo "@${number} $?"\r`));
    return new Promise((resolve) => this.waiting.set(number, resolve));
  }

  type(bytes: Uint8Array): void {
    this.consoles.write(this.domain.id, bytes);
  }

  /** Somebody else serves its console from here on, up to `serveConsole`. */
  leaveConsole(): void {
    this.consoles.remove(this.domain.id);
  }

  serveConsole(): void {
    this.consoles.add(this.domain.id);
  }

  /** What a command prints that has to succeed. */
  async answer(command: string): Promise<string> {
    const {status, output} = await this.shell(command);
    if (status !== 0) throw new Error(`${command}: exit status ${status}`);
    return output;
  }

  /** Writes a file of the guest. */
  async putFile(path: string, bytes: Uint8Array): Promise<void> {
    const text = gzipSync(bytes).toString('base64');
    for (let at = 0; at < text.length; at += MAX_TEXT)
      await this.answer(`echo ${text.slice(at, at + MAX_TEXT)} ${at === 0 ? '>' : '>>'} ${path}.b64`);
    await this.answer(`base64 -d ${path}.b64 | gzip -d > ${path}`);
  }

  /** What a command writes, any bytes, that has to succeed. */
  async bytesOf(command: string): Promise<Uint8Array> {
    return new Uint8Array(gunzipSync(Buffer.from(await this.answer(`${command} | gzip | base64 -w0`), 'base64')));
  }

  /** The last lines on its console. */
  lastLines(count: number): string[] {
    return this.said.replaceAll('\r', '').trimEnd().split('\n').slice(-count);
  }

  private hear(more: string): void {
    this.text += more;
    this.said = (this.said + more).slice(-MAX_SAID);
    let heard = 0;
    for (const {index, 0: line, 1: number, 2: status, 3: output = ''} of this.text.matchAll(END)) {
      heard = index + line.length;
      this.waiting.get(Number(number))?.({status: Number(status), output});
      this.waiting.delete(Number(number));
    }
    if (heard > 0) this.text = this.text.slice(heard);
  }
}
