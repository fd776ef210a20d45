export {formatMac, maskOf} from './address.ts';
export {broadcastOf, type Cidr, formatCidr, parseCidr} from './cidr.ts';
export type {EchoAnswer, EchoSocket} from './echo.ts';
export type {NetInterface} from './interface.ts';
export {formatIp, type IpAddress, isIpv4, parseIp} from './ip.ts';
export {NetStack, type SendError} from './stack.ts';
export type {TcpListener, TcpStream} from './tcp/index.ts';
export {UdpSocket} from './udp-socket.ts';
