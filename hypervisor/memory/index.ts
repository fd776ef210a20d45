export {DomainMemory, PAGE_SHIFT, PAGE_SIZE, PAGE_WORDS} from './domain-memory.ts';
export {PageAllocator} from './page-allocator.ts';
