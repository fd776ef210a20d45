export {pressDebugKey} from './debug-keys.ts';
