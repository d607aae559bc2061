// What ECMAScript's Intl, which is ICU's, makes of the cases of the tests of filters by locale.
// Prints one case a line: locale, filter with its arguments, value, text. To write them anew:
//
//     node intl.mjs > intl.tsv

const locales = ['en-US', 'en-IN', 'de', 'de-CH', 'fr', 'pl', 'ar', 'pt-BR', 'ja'];
const print = (...cells) => console.log(cells.join('\t'));

print('# node ' + process.version, 'ICU ' + process.versions.icu, 'CLDR ' + process.versions.cldr, '');
for (const locale of locales) {
  for (const currency of ['EUR', 'USD', 'GBP', 'JPY', 'CHF', 'PLN', 'INR', 'BRL', 'EGP']) {
    const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
    for (const value of ['0', '7', '1234.5', '-1234567.891', '0.07', '123456789012.34']) {
      print(locale, `money('${currency}')`, value, format.format(value));
    }
  }
  const numbers = [
    ['number', { maximumFractionDigits: 6 }],
    ['number(0)', { maximumFractionDigits: 0 }],
    ['number(2)', { minimumFractionDigits: 2, maximumFractionDigits: 2 }],
  ];
  for (const [filter, options] of numbers) {
    const format = new Intl.NumberFormat(locale, options);
    for (const value of ['0', '-1', '1234', '1234.5678', '0.1', '-9876543.21', '999999999999.999999']) {
      print(locale, filter, value, format.format(value));
    }
  }
  for (const length of ['short', 'medium', 'long', 'full']) {
    const date = { dateStyle: length, timeZone: 'UTC', calendar: 'gregory' };
    const format = new Intl.DateTimeFormat(locale, date);
    for (const value of ['2026-03-01T09:00:00Z', '2024-12-31T23:59:59Z']) {
      print(locale, `date('${length}')`, value, format.format(new Date(value)));
    }
    const both = { ...date, timeStyle: 'short', timeZone: 'America/New_York' };
    const value = '2026-03-01T19:05:00Z';
    const filter = `date('${length}', time=true, zone='America/New_York')`;
    print(locale, filter, value, new Intl.DateTimeFormat(locale, both).format(new Date(value)));
  }
  const plurals = new Intl.PluralRules(locale);
  for (const value of ['0', '1', '2', '3', '5', '11', '12', '21', '22', '100', '101', '1000000', '1.5', '0.5']) {
    print(locale, 'plural', value, plurals.select(Number(value)));
  }
}
