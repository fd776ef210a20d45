import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {type TxId, type XsClient, XsError} from '../../hypervisor/xenstore/index.ts';
import type {BlockDevice} from '../api.ts';
import type {KernelLog} from './kernel-log.ts';
import {flushDisks, type StopReason} from './shutdown.ts';

/** What control/shutdown and control/sysrq act on. */
export interface ControlTarget {
  readonly schedule: TaskQueue;
  readonly log: KernelLog;
  disks(): readonly BlockDevice[];
  memory(): {totalKib: number; freeKib: number};
  stop(reason: StopReason): Promise<never>;
  /** SHUTDOWN_reboot without closing anything. */
  restartAtOnce(): void;
  panic(reason: string): void;
}

const MAX_ATTEMPTS = 100;
/** Suspend is not offered: it would need the frontends to reconnect. */
const FEATURES = ['feature-poweroff', 'feature-reboot'];

const stopReasons: ReadonlySet<string> = new Set<StopReason>(['poweroff', 'halt', 'reboot']);
const isStopReason = (text: string): text is StopReason => stopReasons.has(text);

/**
 * Takes a request from a control node and acknowledges it by emptying the node, in one transaction. Undefined when there
 * is none, or none that `accepts` knows: that one stays.
 * @see xenstore-paths, "control/shutdown"
 */
export const takeRequest = async (
  xs: XsClient,
  path: string,
  accepts: (text: string) => boolean,
): Promise<string | undefined> => {
  for (let attempt = 1; ; attempt++) {
    const tx = await xs.transactionStart();
    const text = await empty(xs, path, accepts, tx);
    try {
      await xs.transactionEnd(tx, text !== undefined);
      return text;
    } catch (error) {
      if (!(error instanceof XsError) || error.errno !== 'EAGAIN' || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
};

/** The request that was taken; undefined when there is none that can be. */
const empty = async (
  xs: XsClient,
  path: string,
  accepts: (text: string) => boolean,
  tx: TxId,
): Promise<string | undefined> => {
  try {
    const text = await xs.read(path, tx);
    if (text === undefined || text === '' || !accepts(text)) return undefined;
    await xs.write(path, '', tx);
    return text;
  } catch {
    // A toolstack that gave us no such node, or one that we may not write, cannot ask.
    return undefined;
  }
};

const showHelp = ({log}: ControlTarget): void => {
  const list = Array.from(sysrqKeys, ([key, {help}]) => `${help}(${key})`);
  log.info(`sysrq: HELP : ${list.join(' ')}`);
};

const sync = async (target: ControlTarget): Promise<void> => {
  target.log.info('sysrq: Emergency Sync');
  await flushDisks(target.disks(), target.schedule);
  target.log.info('Emergency Sync complete');
};

const showMemory = (target: ControlTarget): void => {
  const {totalKib, freeKib} = target.memory();
  target.log.info(`sysrq: Show Memory\n${totalKib / 4} pages RAM, ${freeKib / 4} pages free`);
};

const restart = (target: ControlTarget): void => {
  target.log.info('sysrq: Resetting');
  target.restartAtOnce();
};

const crash = (target: ControlTarget): void => {
  target.log.info('sysrq: Trigger a crash');
  target.panic('sysrq triggered crash');
};

const powerOff = async (target: ControlTarget): Promise<void> => {
  target.log.info('sysrq: Power Off');
  await target.stop('poweroff');
};

interface SysrqKey {
  help: string;
  act: (target: ControlTarget) => void | Promise<void>;
}

/** Keys of `xl sysrq`. */
const sysrqKeys: ReadonlyMap<string, SysrqKey> = new Map([
  ['b', {help: 'reboot', act: restart}],
  ['c', {help: 'crash', act: crash}],
  ['h', {help: 'help', act: showHelp}],
  ['m', {help: 'show-memory-usage', act: showMemory}],
  ['o', {help: 'poweroff', act: powerOff}],
  ['s', {help: 'sync', act: sync}],
] as [string, SysrqKey][]);

const onShutdown = async (xs: XsClient, target: ControlTarget): Promise<void> => {
  let refused = '';
  const request = await takeRequest(xs, 'control/shutdown', (text) => {
    refused = isStopReason(text) || text === 'suspend' ? '' : text;
    return refused === '';
  });
  if (refused !== '') target.log.info(`Ignoring shutdown request: ${refused}`);
  else if (request === 'suspend') target.log.info('suspend: not supported by this kernel, the request is refused');
  else if (request !== undefined && isStopReason(request)) await target.stop(request);
};

const onSysrq = async (xs: XsClient, target: ControlTarget): Promise<void> => {
  const key = await takeRequest(xs, 'control/sysrq', () => true);
  if (key === undefined) return;
  const {act}: SysrqKey = sysrqKeys.get(key) ?? {help: '', act: showHelp};
  await act(target);
};

const handlers = {'control/shutdown': onShutdown, 'control/sysrq': onSysrq};

/** Watches the control nodes and says what this kernel can do. `onError` gets what a handler fails with. */
export const startControl = async (
  xs: XsClient,
  target: ControlTarget,
  onError: (error: unknown) => void,
): Promise<void> => {
  for (const [path, handle] of Object.entries(handlers)) {
    xs.watch(path).subscribe({next: () => void handle(xs, target).catch(onError), error: onError});
  }
  for (const feature of FEATURES) await xs.write(`control/${feature}`, '1').catch(onError);
};
