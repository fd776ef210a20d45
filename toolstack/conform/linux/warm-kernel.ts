import {NS_PER_S, virtualClock} from '../../../hypervisor/schedule/index.ts';
import {ToolstackError} from '../../errors.ts';
import {createHost} from '../../host/host.ts';
import {lastWords} from '../../host/last-words.ts';

export interface KernelFiles {
  /** An image, or a directory with `vmlinuz` and `initrd.img`. */
  readonly kernel: string;
  readonly initrd?: string;
  readonly cmdline?: string;
}

const SEED = 1;
const MEMORY_MIB = 96;
const CMDLINE = 'console=hvc0 nokaslr mitigations=off no_timer_check tsc=reliable random.trust_cpu=on';
/** Of the guest's time, in which its shell has to be there. */
const BOOT_LIMIT_S = 60;
const CONSOLE_LINES = 12;
/** The last line is a shell's prompt. */
const PROMPT = /(?:^|\n)[^\n]*[#$] $/;
/**
 * Quiet from here on, and commands are read without the shell's line editor, which loses characters that come while it
 * changes the terminal's mode.
 */
const COMMAND_LOOP = 'stty -echo; dmesg -n 1; echo "This is $(uname -sr)"; while read -r line; do eval "$line"; done\r';
const IN_LOOP = /\nThis is (.*)\n$/;
// eslint-disable-next-line no-control-regex -- terminals' control sequences
const CONTROL_SEQUENCES = /\u001B\[[0-9;?]*[A-Za-z]|\r/g;

/**
 * Boots a kernel, in virtual time and without devices, up to the prompt of its shell on hvc0, has the shell run each line
 * it gets, and saves it as `image`: each check goes on from there. Returns the kernel's name. Throws ToolstackError when it does not come that far.
 */
export const warmKernel = async ({kernel, initrd, cmdline = CMDLINE}: KernelFiles, image: string): Promise<string> => {
  const host = await createHost({clock: virtualClock(SEED)});
  try {
    const lines = [
      'name = "conform"',
      'type = "pvh"',
      `kernel = ${JSON.stringify(kernel)}`,
      ...(initrd === undefined ? [] : [`ramdisk = ${JSON.stringify(initrd)}`]),
      `cmdline = ${JSON.stringify(cmdline)}`,
      `memory = ${MEMORY_MIB}`,
    ];
    const domid = await host.create(host.parse(lines.join('\n'), 'kernel'));
    const scrollback = (): Uint8Array => host.consoles.guest(domid)?.scrollback ?? new Uint8Array();
    const said = (): string => Buffer.from(scrollback()).toString('latin1').replaceAll(CONTROL_SEQUENCES, '');
    const startNs = host.clock.now();
    const hear = async (what: RegExp): Promise<void> => {
      while (!what.test(said())) {
        const ended = host.xen.domain(domid)?.shutdownReason !== undefined;
        if (ended || host.clock.now() - startNs > BOOT_LIMIT_S * NS_PER_S)
          throw new ToolstackError(
            'EINVAL',
            [`pvsim: ${kernel}: no prompt on hvc0; it said last:`, ...lastWords(scrollback(), CONSOLE_LINES)].join(
              '\n',
            ),
          );
        await host.clock.sleep(NS_PER_S);
      }
    };
    await hear(PROMPT);
    host.consoles.write(domid, new TextEncoder().encode(COMMAND_LOOP));
    await hear(IN_LOOP);
    const [, name = kernel] = IN_LOOP.exec(said()) ?? [];
    await host.save(domid, image);
    return name;
  } finally {
    await host.close({graceNs: 0});
  }
};
