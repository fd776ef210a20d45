export {Uart, type UartOptions} from './uart.ts';
