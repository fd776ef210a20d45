import type {Domain} from '../domain.ts';
import type {Channel} from '../event-channel/index.ts';
import type {Hypervisor} from '../hypervisor.ts';

/** Numbers of the states in Xen's own dump, which are not those of EVTCHNOP_status. */
const STATES: Readonly<Record<Channel['kind'], number>> = {reserved: 1, unbound: 2, interdomain: 3, virq: 5, ipi: 6};

/** Every open port, with its pending and mask bits. @see golden/cli/xl-debug-keys-e.txt */
export const dumpEventChannels = (xen: Hypervisor): string[] => [
  "'e' pressed -> dumping event-channel info",
  ...xen
    .allDomains()
    .flatMap((domain) => [
      `Event channel information for domain ${domain.id}:`,
      'Polling vCPUs: {}',
      '    port [p/m/s]',
      ...Array.from(domain.ports.open(), ([port, channel]) => channelLine(domain, port, channel)),
    ]),
];

const channelLine = ({events}: Domain, port: number, channel: Channel): string => {
  const bits = `${Number(events.isPending(port))}/${Number(events.isMasked(port))}/  -   `;
  return `    ${String(port).padStart(4)} [${bits}]: s=${STATES[channel.kind]} n=${channel.vcpu} x=0${peerOf(channel)}`;
};

const peerOf = (channel: Channel): string => {
  if (channel.kind === 'interdomain') return ` d=${channel.remote.id} p=${channel.remotePort}`;
  if (channel.kind === 'unbound') return ` d=${channel.remoteDomid}`;
  return channel.kind === 'virq' ? ` v=${channel.virq}` : '';
};
