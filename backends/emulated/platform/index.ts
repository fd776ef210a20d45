export {PLATFORM_MEMORY_BYTES, PLATFORM_SLOT, PlatformDevice, type Unpluggable} from './platform-device.ts';
