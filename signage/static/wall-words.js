/* The wall's labels in Chinese and in English, and the formats of money, dates and spans. */
(function (W) {
  'use strict';
  var DIGITS = '零一二三四五六七八九十';
  var NARROW = '\u00a0'; /* keeps a figure and its unit on one line */

  var WORDS = {
    zh: {
      seal: '战鼓', report: '战报', left: '还剩', next: '接着', teams: '今日战况', deals: '喜报', done: '各队完成',
      measures: '过程数据', noMeasures: '还没有定要记哪些数。请在作息表的 measures 里写上。', nobodyCounted: '还没有人记，等你来开头。', ofTeams: '各队',
      cities: '各地战果', noCities: '还没有其他城市的战报。', online: '{0} 个城市连着', asOf: '截至 {0}', notReported: '还没有报来', people: '开拓榜', day: '今日', week: '本周', month: '本月', of_day: '今日', of_week: '本周', of_month: '本月', gap: '还差', over: '超出', toNext: '距上一名', honours: '风云榜',
      streak: '连续开单', record_holder: '单笔纪录', most_orders: '本周单数最多', newcomer: '本周新锐', days: '天',
      orders: '单', none: '今天的第一单，等你来开。', noneToday: '今天没有新的签单，大家辛苦了。', noTeams: '还没有团队。请在手机上添加。', scan: '手机页面的二维码',
      stale: '数据截至 {0}，正在重新连接……', minute: '不到 1 分钟', hours: '小时', minutes: '分钟',
      rest: '今天休息', fault: '有故障', meanwhile: '现在', mend: '怎么办', prize: '奖品',
      award: '颁奖', welcome: '欢迎', live: '请听广播。', emergency: '紧急广播', rehearsal: '彩排：这里记的单结束后不保留', screen: '这块屏幕', dayTop: '今日开拓能手', dayTotal: '今日业绩',
      weekTop: '本周开拓能手', monthTop: '本月开拓能手', leader: '组长', director: '总监', manager: '总经理', assistant: '销售助理',
      sales: '销售', everyone: '所有人', hourly: '整点战报', sprint: '月末冲刺',
      first_of_week: '本周第一单', first_of_day: '开门红', big: '大单', record: '新纪录', burst: '喜报连传', target: '达成目标',
      roundup: '整点战报', say: '广播', text: '广播', top_sales: '开拓能手', microphone: '广播', greeting: '问候', results: '战报', birthdays: '生日快乐', company_years: '一路同行', ceremony: '月度表彰', contest: '比赛揭晓', leads: '领先', level: '并列领先', nobody: '还没有开单', ownAverage: '平时的', daysLeft: '还剩 {0} 天', lastDay: '今天揭晓'
    },
    en: {
      seal: 'Zhangu', report: 'Results', left: 'left', next: 'Next', teams: 'Today', deals: 'Deals', done: 'Teams',
      measures: 'Numbers', noMeasures: 'No numbers are chosen yet. Add them under measures in the timetable.', nobodyCounted: 'Nothing counted yet. Be the first.', ofTeams: 'Teams',
      cities: 'Cities', noCities: 'No other city has reported yet.', online: '{0} cities connected', asOf: 'as of {0}', notReported: 'not reported yet', people: 'Top sales', day: 'Day', week: 'Week', month: 'Month', of_day: 'Today', of_week: 'This week', of_month: 'This month', gap: 'to go', over: 'over', toNext: 'to next', honours: 'Honours',
      streak: 'Days in a row', record_holder: 'Largest deal', most_orders: 'Most deals this week', newcomer: 'Newcomer of the week', days: 'days',
      orders: 'deals', none: 'The first deal of the day is waiting for you.', noneToday: 'No new deals today. Thank you for your work.', noTeams: 'No teams yet. Add them on the phone.', scan: 'QR code of the phone page',
      stale: 'As of {0}. Reconnecting…', minute: 'under a minute', hours: 'h', minutes: 'min',
      rest: 'No work today', fault: 'Fault', meanwhile: 'Now', mend: 'What to do', prize: 'Prize',
      award: 'Award', welcome: 'Welcome', live: 'Please listen.', emergency: 'Emergency', rehearsal: 'Rehearsal: what is entered here is not kept', screen: 'This screen', dayTop: 'Top sales today', dayTotal: 'Today',
      weekTop: 'Top sales of the week', monthTop: 'Top sales of the month', leader: 'Leaders', director: 'Director',
      manager: 'General manager', assistant: 'Assistant', sales: 'Sales', everyone: 'Everyone', hourly: 'On the hour', sprint: 'Sprint',
      first_of_week: 'First of the week', first_of_day: 'First of the day', big: 'Big deal', record: 'New record', burst: 'All at once',
      target: 'Target reached', roundup: 'On the hour', say: 'Announcement', text: 'Announcement', top_sales: 'Top sales',
      microphone: 'Announcement', greeting: 'Greeting', results: 'Results', birthdays: 'Happy birthday', company_years: 'Years together', ceremony: 'Awards', contest: 'Contest result', leads: 'leads', level: 'level', nobody: 'no deal yet', ownAverage: 'of own average', daysLeft: '{0} days left', lastDay: 'decided today'
    }
  };
  var DAYS = { zh: ['日', '一', '二', '三', '四', '五', '六'], en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] };
  var MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

  W.lang = 'zh';
  W.word = function (name, value) {
    var words = WORDS[W.lang] || WORDS.zh;
    var found = words.hasOwnProperty(name) ? words[name] : name;
    return value === undefined ? found : found.replace('{0}', value);
  };

  /* 1 to 99 as 一 … 九十九; in English the figure. */
  W.numeral = function (n) {
    if (W.lang !== 'zh' || n < 1 || n > 99) { return String(n); }
    if (n <= 10) { return DIGITS.charAt(n); }
    return (n >= 20 ? DIGITS.charAt(Math.floor(n / 10)) : '') + '十' + (n % 10 ? DIGITS.charAt(n % 10) : '');
  };

  W.place = function (n) { return n > 10 ? String(n) : W.numeral(n); };

  function cut(value, digits) { /* never round up: a missed target must not look reached */
    var factor = Math.pow(10, digits);
    return String(Math.floor(value * factor + 1e-6) / factor);
  }

  /* Whole amounts: ¥12,800; fen only where there are some. */
  W.money = function (amount) {
    var parts = Number(amount || 0).toFixed(2).split('.');
    var yuan = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, ',');
    return '¥' + yuan + (parts[1] === '00' ? '' : '.' + parts[1]);
  };

  /* An amount in a row beside a name: from ten million the short form, so that the name keeps its space. */
  W.price = function (amount) { return Number(amount) < 1e7 ? W.money(amount) : '¥' + W.sum(amount); };

  /* Sums, short: 8.6万, 3.2亿; in English 86K, 3.2M. */
  W.sum = function (amount) {
    var value = Number(amount || 0);
    if (W.lang === 'en') {
      if (value >= 1e6) { return cut(value / 1e6, value < 1e8 ? 2 : 1) + 'M'; }
      return value >= 1e4 ? cut(value / 1e3, 1) + 'K' : cut(value, 0).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
    }
    if (value >= 1e8) { return cut(value / 1e8, 2) + '亿'; }
    if (value >= 1e4) { return cut(value / 1e4, value < 1e7 ? 2 : value < 1e8 ? 1 : 0) + '万'; }
    return cut(value, 0).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  };

  /* A number beside the deals in its unit: money, or a count with its unit. */
  W.amount = function (value, unit) {
    if (unit === '元') { return W.price(value); }
    return Number(value || 0).toFixed(0).replace(/\B(?=(\d{3})+(?!\d))/g, ',') + (unit ? NARROW + unit : '');
  };

  W.percent = function (rate) { return Math.floor(rate * 100 + 1e-6) + '%'; };

  W.orders = function (count) {
    return count + NARROW + (W.lang !== 'en' ? '单' : count === 1 ? 'deal' : 'deals');
  };

  /* The figure of a highlight: days in a row, yuan, or deals. */
  W.honour = function (honour) {
    return {
      label: W.word(honour.kind === 'record' ? 'record_holder' : honour.kind),
      figure: honour.kind === 'streak' ? honour.count + NARROW + W.word('days') : honour.amount ? W.price(honour.amount) : W.orders(honour.count)
    };
  };

  /* A contest as a quiet line: who leads, the score, the working days left. */
  W.contest = function (line) {
    var zh = W.lang !== 'en', many = line.leaders.length > 1, who = line.leaders.slice(0, 2).join(zh ? '、' : ', ') + (line.leaders.length > 2 ? '…' : '');
    var group = line.group ? ' ' + (zh ? '甲乙丙丁戊己庚辛壬癸'.charAt(line.group - 1) + '组' : String.fromCharCode(64 + line.group)) : '';
    var score = line.score === null ? '' : line.measure === 'count' ? W.orders(Math.round(line.score)) : line.measure === 'amount' ? W.price(line.score) : W.percent(Number(line.score));
    if (score && line.measure === 'improved') { score = zh ? W.word('ownAverage') + score : score + ' ' + W.word('ownAverage'); }
    return {
      label: line.name + group + (zh ? '：' : ': ') + (line.leaders.length ? who + ' ' + W.word(many ? 'level' : 'leads') : W.word('nobody')),
      sum: score,
      of: ' · ' + (line.days_left > 1 ? W.word('daysLeft', line.days_left) : W.word('lastDay'))
    };
  };

  /* Format a span of milliseconds for people; round up to the next minute. */
  W.span = function (ms) {
    var minutes = Math.ceil(ms / 60000), hours = Math.floor(minutes / 60);
    if (ms < 60000) { return W.word('minute'); }
    minutes -= hours * 60;
    return (hours ? hours + ' ' + W.word('hours') + (minutes ? ' ' : '') : '') + (minutes ? minutes + ' ' + W.word('minutes') : '');
  };

  function two(n) { return (n < 10 ? '0' : '') + n; }

  /* The office's clock, independent of the TV's time zone. */
  W.hhmm = function (ms, offsetMinutes) {
    var at = new Date(ms + (offsetMinutes || 0) * 60000);
    return two(at.getUTCHours()) + ':' + two(at.getUTCMinutes());
  };

  W.mmss = function (ms) {
    var seconds = Math.max(0, Math.ceil(ms / 1000)), hours = Math.floor(seconds / 3600);
    var rest = two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60);
    return hours ? hours + ':' + rest : rest;
  };

  W.date = function (iso) {
    var parts = String(iso || '').split('-'), y = Number(parts[0]), m = Number(parts[1]), d = Number(parts[2]), day;
    if (!y || !m || !d) { return ''; }
    day = new Date(Date.UTC(y, m - 1, d)).getUTCDay();
    if (W.lang === 'en') { return DAYS.en[day] + ', ' + d + ' ' + MONTHS[m - 1]; }
    return W.numeral(m) + '月' + W.numeral(d) + '日 星期' + DAYS.zh[day];
  };

  W.month = function (iso) {
    var m = Number(String(iso || '').split('-')[1]) || 1;
    return W.lang === 'en' ? MONTHS[m - 1] : W.numeral(m) + '月';
  };

  /* The first character of a name, also a rare one outside the Basic Multilingual Plane. */
  W.initial = function (name) {
    var code = String(name || '').charCodeAt(0);
    return code >= 0xD800 && code <= 0xDBFF ? name.substr(0, 2) : String(name || '').charAt(0).toUpperCase();
  };

  W.duty = function (duty) {
    return (duty.at ? duty.at + ' ' : '') + (duty.who ? W.word(duty.who) + (W.lang === 'en' ? ': ' : '：') : '') + (duty.what || '');
  };
}(window.Wall = window.Wall || {}));
