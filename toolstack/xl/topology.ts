import type {HostTopology} from '../config/cpu-list.ts';
import type {Xl} from './command.ts';

/** The host's one NUMA node with its CPUs. */
export const hostTopology = async (xl: Xl): Promise<HostTopology> => {
  const client = await xl.client();
  const {nrCpus} = await client.call('host.info', {});
  return [Array.from({length: nrCpus}, (_, cpu) => cpu)];
};
