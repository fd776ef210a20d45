export {
  broadcastOf,
  type Cidr,
  formatCidr,
  formatIpv4,
  formatMac,
  type Ipv4,
  maskOf,
  parseCidr,
  parseIpv4,
} from './address.ts';
export type {EchoAnswer, EchoSocket, SendError} from './icmp.ts';
export {NetInterface} from './interface.ts';
export {NetStack, type ProtocolHandler} from './stack.ts';
