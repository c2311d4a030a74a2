import { describe, expect, it } from 'vitest';

import { agent, queue, SECOND } from '../live/fixtures';
import { byUrgency, figures, layout } from './figures';

describe('the figures on top of the wall', () => {
  it('add up queues and count each agent once', () => {
    const shown = figures(
      [queue(), queue({ id: 'q2', waiting: 4, oldest_waiting_since_at: 5 * SECOND })],
      [agent(), agent({ id: 'a2', state: 'wrap_up' }), agent({ id: 'a3', state: 'offline' })],
    );
    expect(shown).toMatchObject({
      waiting: 5,
      answered: 16,
      abandoned: 2,
      free: 1,
      busy: 1,
      paused: 0,
    });
    expect(shown.oldestSinceAt).toBe(5 * SECOND);
  });

  it('weigh the service level by what was offered, and have none without contacts', () => {
    const shown = figures(
      [
        queue({ service_level_percent_today: 100, offered_today: 30 }),
        queue({ id: 'q2', service_level_percent_today: 0, offered_today: 10 }),
        queue({ id: 'q3', service_level_percent_today: null, offered_today: 99 }),
      ],
      [],
    );
    expect(shown.levelPercent).toBe(75);
    expect(figures([], []).levelPercent).toBeNull();
    expect(figures([], []).oldestSinceAt).toBeNull();
  });

  it('puts what is worst first', () => {
    const queues = [
      queue({ id: '1', name: 'Б' }),
      queue({ id: '2', name: 'В', state: 'critical' }),
      queue({ id: '3', name: 'А' }),
      queue({ id: '4', name: 'Г', state: 'at_risk' }),
    ];
    const order = byUrgency(queues, (a, b) => (a < b ? -1 : 1)).map((one) => one.id);
    expect(order).toEqual(['2', '4', '3', '1']);
  });

  it('has room for every tile', () => {
    for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 30]) {
      const { columns, rows } = layout(count);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * (rows - 1)).toBeLessThan(Math.max(1, count));
    }
    expect(layout(5)).toEqual({ columns: 3, rows: 2 });
  });
});
