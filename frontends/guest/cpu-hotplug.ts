import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {KernelLog} from './kernel-log.ts';

/** Brings vCPUs up and down as the toolstack wants them. The first one is always up. @see xenstore-paths, "cpu" */
export const startCpuHotplug = async (
  ops: HypervisorOps,
  xs: XsClient,
  log: KernelLog,
  onError: (error: unknown) => void,
): Promise<void> => {
  const names = (await xs.directory('cpu')) ?? [];
  const online = new Set<number>();
  const follow = async (cpu: number): Promise<void> => {
    const wanted = (await xs.read(`cpu/${cpu}/availability`)) === 'online';
    if (wanted === online.has(cpu) || ops.setVcpuOnline(cpu, wanted) < 0) return;
    if (wanted) online.add(cpu);
    else online.delete(cpu);
    log.info(`CPU ${cpu} is now ${wanted ? 'online' : 'offline'}`);
  };
  for (const cpu of names.map(Number).filter((number) => number > 0)) {
    xs.watch(`cpu/${cpu}`).subscribe({next: () => void follow(cpu).catch(onError), error: onError});
  }
};
