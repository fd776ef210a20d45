import {
  SHUTDOWN_crash,
  SHUTDOWN_poweroff,
  SHUTDOWN_reboot,
  SHUTDOWN_soft_reset,
  SHUTDOWN_suspend,
  SHUTDOWN_watchdog,
} from '../../hypervisor/abi/sched.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {NS_PER_MS, type Schedule} from '../../hypervisor/schedule/index.ts';
import {actionFor, generateUuid, type ShutdownAction, type ShutdownReason} from '../config/index.ts';
import type {Lifecycle} from './lifecycle.ts';
import type {DomainRecord} from './record.ts';

const reasonNames: Readonly<Record<number, ShutdownReason>> = {
  [SHUTDOWN_poweroff]: 'poweroff',
  [SHUTDOWN_reboot]: 'reboot',
  [SHUTDOWN_suspend]: 'suspend',
  [SHUTDOWN_crash]: 'crash',
  [SHUTDOWN_watchdog]: 'watchdog',
  [SHUTDOWN_soft_reset]: 'soft_reset',
};

/** xl is a process that hears of it by @releaseDomain: backends have seen their frontends close by then. */
const REACTION_NS = NS_PER_MS;

export interface ShutdownContext {
  clock: Schedule;
  lifecycle: Lifecycle;
  rename: (domid: DomId, name: string) => Promise<void>;
  log: (line: string) => void;
  /** Puts the end of a guest's console where xl dmesg shows it. */
  keepLastWords: (record: DomainRecord) => void;
}

/** What xl's background process does when a domain has shut down: the config's on_* action. */
export const actOnShutdown = async (context: ShutdownContext, record: DomainRecord, reason: number): Promise<void> => {
  const {clock, log} = context;
  await clock.sleep(REACTION_NS);
  if (record.destroying !== undefined) return;
  log(`Domain ${record.domid} has shut down, reason code ${reason} 0x${reason.toString(16)}`);
  if (reason === SHUTDOWN_crash) context.keepLastWords(record);
  if (reason === SHUTDOWN_suspend) return log('Domain has suspended.');
  const name = reasonNames[reason];
  const action = name === undefined ? 'destroy' : (actionFor(record.config, name) ?? 'preserve');
  log(`Action for shutdown reason code ${reason} is ${action}`);
  await actions[action](context, record);
};

type Act = (context: ShutdownContext, record: DomainRecord) => Promise<void>;

const destroy: Act = async ({lifecycle, log}, {domid}) => {
  await lifecycle.destroy(domid);
  log(`Domain ${domid} has been destroyed.`);
};

/** The same config under a new domid, from the same kernel and directory. */
const restart: Act = async (context, record) => {
  await destroy(context, record);
  await start(context, record);
};

const start: Act = async ({lifecycle, log}, {config, baseDir}) => {
  const domid = await lifecycle.create({config, baseDir, paused: false});
  log(`Domain ${config.name} restarted as ${domid}`);
};

/** The dead domain stays for inspection under another name, and a new one takes its place. */
const renameRestart: Act = async (context, record) => {
  const {clock} = context;
  const stamp = new Date(clock.epochMs + clock.now() / NS_PER_MS)
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '')
    .slice(0, 13);
  // Before the renaming, which changes the record's.
  const config = {...record.config, uuid: generateUuid(() => clock.random())};
  await context.rename(record.domid, `${config.name}-${stamp}Z`);
  await start(context, {...record, config});
};

const withoutCoredump =
  (act: Act): Act =>
  async (context, record) => {
    context.log(`Domain ${record.domid}: core dumps are not supported yet; none is written`);
    await act(context, record);
  };

const actions: Record<ShutdownAction, Act> = {
  destroy,
  restart,
  'rename-restart': renameRestart,
  preserve: () => Promise.resolve(),
  'coredump-destroy': withoutCoredump(destroy),
  'coredump-restart': withoutCoredump(restart),
  'soft-reset': async (context, record) => {
    context.log(`Domain ${record.domid}: soft reset is not supported; the domain is destroyed`);
    await destroy(context, record);
  },
};
