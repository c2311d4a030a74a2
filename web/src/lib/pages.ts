/** Lists that the server gives page by page, as one. */
import type { Page } from '../api/types';

/** All items, or those of the first `pagesAtMost` pages. */
export async function allPages<T>(
  get: (cursor: string | null) => Promise<Page<T>>,
  pagesAtMost: number,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < pagesAtMost; pages += 1) {
    const page: Page<T> = await get(cursor);
    items.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return items;
}
