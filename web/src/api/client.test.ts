import { describe, expect, it } from 'vitest';

import { address, fileName } from './client';

describe('requests', () => {
  it('leave empty parameters out and escape the others', () => {
    expect(address('/clients', { q: 'Ковальчук & син', cursor: null, limit: 50 })).toBe(
      '/api/v1/clients?q=%D0%9A%D0%BE%D0%B2%D0%B0%D0%BB%D1%8C%D1%87%D1%83%D0%BA+%26+%D1%81%D0%B8%D0%BD&limit=50',
    );
    expect(address('/session')).toBe('/api/v1/session');
  });
});

describe('file names', () => {
  it('are read from either form', () => {
    expect(
      fileName('attachment; filename="a.pdf"; filename*=UTF-8\'\'%D1%81%D0%BA%D0%B0%D0%BD.pdf'),
    ).toBe('скан.pdf');
    expect(fileName('attachment; filename="report.pdf"')).toBe('report.pdf');
    expect(fileName('attachment')).toBe('');
  });
});
