export type {TcpListener} from './listener.ts';
export type {TcpStream} from './stream.ts';
export {type ConnectOptions, type ListenOptions, Tcp} from './tcp.ts';
