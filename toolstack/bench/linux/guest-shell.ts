import {filter, firstValueFrom, map, scan} from 'rxjs';
import type {DomId} from '../../../hypervisor/index.ts';
import type {XenHost} from '../../host/host.ts';
import {READY} from '../../image/initramfs.ts';

/** Steps in which the guest's boot is watched, and how many there are at most. */
const STEP_NS = 1e9;
const BOOT_STEPS = 60;

/** A shell that echoes nothing, and says when a command has ended and with which status. */
const PLAIN_SHELL = `stty -echo; while IFS= read -r line; do eval "$line"; echo "@end $?"; done`;
const END = /(?:^|\n)@end (\d+)\n/;

/** The shell on a Debian guest's PV console, for programs: one command at a time. */
export class GuestShell {
  private readonly host: XenHost;
  private readonly domid: DomId;

  private constructor(host: XenHost, domid: DomId) {
    this.host = host;
    this.domid = domid;
  }

  /** Waits for the prompt of a guest that `pvsim image build debian` made. Throws when it does not come. */
  static async boot(host: XenHost, domid: DomId): Promise<GuestShell> {
    const decoder = new TextDecoder();
    let said = '';
    const subscription = host
      .consoleOutput(domid, {scrollback: true})
      .subscribe((bytes) => (said += decoder.decode(bytes, {stream: true})));
    for (let step = 0; step < BOOT_STEPS && !said.includes(READY); step++) await host.clock.sleep(STEP_NS);
    subscription.unsubscribe();
    if (!said.includes(READY)) throw new Error(`the guest does not get to its prompt: ${said.slice(-500)}`);
    const shell = new GuestShell(host, domid);
    await host.clock.sleep(STEP_NS);
    shell.type(PLAIN_SHELL);
    await host.clock.sleep(STEP_NS);
    return shell;
  }

  /** What a command prints, of one line of at most 4000 characters. Throws when its status is not 0. */
  async run(command: string): Promise<string> {
    const decoder = new TextDecoder();
    const end = this.host.consoleOutput(this.domid).pipe(
      scan((text, bytes) => text + decoder.decode(bytes, {stream: true}).replaceAll('\r', ''), ''),
      map((text) => ({text, match: END.exec(text)})),
      filter(({match}) => match !== null),
    );
    const ended = firstValueFrom(end);
    this.type(command);
    const {text, match} = await this.host.clock.drive(ended);
    const output = text.slice(0, match?.index);
    if (match?.[1] !== '0') throw new Error(`${command}: status ${match?.[1]}: ${output}`);
    return output;
  }

  private type(line: string): void {
    this.host.consoleInput(this.domid, new TextEncoder().encode(`${line}\n`));
  }
}
