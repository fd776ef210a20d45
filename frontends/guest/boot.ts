import type {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {GuestProgram} from './api.ts';
import {Kernel, type KernelOptions} from './kernel.ts';
import {runProgram} from './program.ts';
import {Shell} from './shell/shell.ts';

/** The domain builder's hold on a guest that runs. */
export interface GuestHandle {
  /** The guest's own xenbus: its devices and their drivers. */
  readonly bus: XenbusBus;
  /** Resolves when the devices that the domain was built with work (or have failed) and the shell or program starts. */
  readonly booted: Promise<void>;
  /** Lets go of everything, as when the domain is destroyed. */
  readonly stop: () => void;
}

const boot = (kernel: Kernel, main: () => Promise<void>): GuestHandle => {
  const booted = new Promise<void>((resolve) => {
    void kernel.start(() => {
      resolve();
      return main();
    });
  });
  return {bus: kernel.bus, booted, stop: () => kernel.close()};
};

/** Boots the built-in kernel with its shell on the console. Called in the domain's own time, once it may run. */
export const bootBuiltin = (options: KernelOptions): GuestHandle => {
  const kernel = new Kernel(options);
  const shell = new Shell(kernel, kernel.tty);
  return boot(kernel, async () => {
    kernel.tty.print(`\nThis is ${kernel.hostname}, a pvsim guest. "help" lists the commands.\n`);
    const line = kernel.commandLine.values.get('run');
    if (line !== undefined) await shell.runVisibly(line);
    await shell.interact();
  });
};

/** Boots the built-in kernel to run a program instead of the shell. */
export const bootProgram = (options: KernelOptions & {main: GuestProgram}): GuestHandle => {
  const kernel = new Kernel(options);
  return boot(kernel, () => runProgram(kernel, options.main));
};
