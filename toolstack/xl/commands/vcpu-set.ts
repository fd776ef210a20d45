import {ToolstackError} from '../../errors.ts';
import type {DaemonClient} from '../../daemon/client.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

const INT_MAX = 2 ** 31 - 1;

/** @see golden/cli/xl-vcpu-set.txt */
export const run: Run = async (xl, options, [domain, text]) => {
  const domid = await findDomain(xl, domain);
  const [digits] = /^\s*\d+/.exec(text) ?? [];
  const count = Number(digits);
  if (digits === undefined || count > INT_MAX) throw new ToolstackError('EINVAL', 'Error: Invalid argument.');
  const client = await xl.client();
  if (!options.has('i')) await refuseOvercommitment(client, domid, count);
  try {
    await client.call('vcpu.setOnline', {domid, count});
    return 0;
  } catch (error) {
    if (!(error instanceof ToolstackError)) throw error;
    const last =
      error.code === 'ESRCH'
        ? `Domain ${domid} does not exist.`
        : `libxl_set_vcpuonline failed domid=${domid} max_vcpus=${count}, rc: -3`;
    xl.complain(`${error.message}\n${last}`);
    return 1;
  }
};

/** More than the host has CPUs need --ignore-host, unless they are online already. */
const refuseOvercommitment = async (client: DaemonClient, domid: number, count: number): Promise<void> => {
  const {nrCpus} = await client.call('host.info', {});
  const domain = (await client.call('domain.list', {})).find((each) => each.domid === domid);
  if (domain === undefined) throw new ToolstackError('ESRCH', `libxl: error: Domain ${domid}:Non-existant domain`);
  if (count <= domain.onlineVcpus || count <= nrCpus) return;
  throw new ToolstackError(
    'EINVAL',
    `You are overcommmitting! You have ${nrCpus} physical CPUs and want ${count} vCPUs! ` +
      'Aborting, use --ignore-host to continue',
  );
};
