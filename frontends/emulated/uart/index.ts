export {UartConsole, type UartConsoleOptions} from './uart-console.ts';
