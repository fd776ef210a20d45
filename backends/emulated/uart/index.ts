export type {SerialLine} from './serial-line.ts';
export {Uart, type UartOptions} from './uart.ts';
