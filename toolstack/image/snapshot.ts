import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../errors.ts';
import {createHost, type XenHost} from '../host/host.ts';

export interface SnapshotOptions {
  /** Text of the configuration, and what to call it in messages. */
  readonly text: string;
  readonly configFile: string;
  /** Of relative paths in the configuration. */
  readonly baseDir: string;
  /** File to make, or the directory for one that is called as the domain. Absolute. */
  readonly out: string;
  /** What the guest prints when it is ready; a prompt otherwise. */
  readonly ready: string | undefined;
  readonly timeoutMs: number;
  readonly progress: (line: string) => void;
}

/** The last line is a shell's prompt. */
const PROMPT = /(?:^|\n)[^\n]*[#$] $/;
// eslint-disable-next-line no-control-regex -- terminals' control sequences
const CONTROL_SEQUENCES = /\u001B\[[0-9;?]*[A-Za-z]|\r/g;
/** A guest that is ready and says nothing more for so long. */
const QUIET_MS = 300;
const POLL_MS = 20;

/**
 * Boots a guest in a host of its own, waits until it is ready, and saves it. Returns the path of the image and a
 * configuration that starts from there. Throws ToolstackError or ConfigError.
 */
export const makeWarmImage = async (options: SnapshotOptions): Promise<{image: string; config: string}> => {
  const {text, configFile, baseDir, out, progress} = options;
  const host = await createHost();
  try {
    const config = host.parse(text, configFile);
    if (config.warmImage !== undefined) throw refuse(`${configFile}: has a warm_image already`);
    const image = (await isDirectory(out)) ? join(out, `${config.name}.warm`) : out;
    progress(`booting ${config.name}`);
    const domid = await host.create(config, {baseDir, paused: true});
    const boot = waitReady(host, domid, options);
    host.unpause(domid);
    await boot;
    progress(`saving ${image}`);
    await host.save(domid, image);
    return {image, config: `${text.trimEnd()}\nwarm_image = ${JSON.stringify(image)}\n`};
  } finally {
    await host.close({graceNs: 0});
  }
};

const waitReady = async (host: XenHost, domid: DomId, options: SnapshotOptions): Promise<void> => {
  const {ready, timeoutMs} = options;
  const decoder = new TextDecoder('latin1');
  let text = '';
  let quietMs = 0;
  const isReady = (): boolean => (ready === undefined ? PROMPT.test(text) : text.includes(ready));
  const output = host.consoleOutput(domid).subscribe((bytes) => {
    text += decoder.decode(bytes).replaceAll(CONTROL_SEQUENCES, '');
    quietMs = 0;
  });
  try {
    for (let waitedMs = 0; !isReady() || quietMs < QUIET_MS; waitedMs += POLL_MS) {
      const info = host.xen.domainTable.get(domid);
      if (info === undefined || info.shutdown) throw refuse(`the guest ended before it was ready:\n${lastLines(text)}`);
      if (waitedMs > timeoutMs) throw refuse(`not ready within ${timeoutMs / 1000} s:\n${lastLines(text)}`);
      await sleep(POLL_MS);
      quietMs += POLL_MS;
    }
  } finally {
    output.unsubscribe();
  }
};

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-5).join('\n');

const isDirectory = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;

const refuse = (reason: string): ToolstackError => new ToolstackError('EINVAL', `pvsim: ${reason}`);
