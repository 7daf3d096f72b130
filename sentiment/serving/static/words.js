// What the page says, in two languages; {name} is filled in.

export const WORDS = {
  en: {
    other: '中文', skip: 'To the review', title: 'What does a review say?',
    write: 'Write or paste a review', try: 'Try',
    kept: 'It is coloured as you type. Texts go to this server alone, and are not kept.',
    here: 'Answer in this browser',
    keptHere: 'This browser answers by itself: what you type is not sent to the server, and not coloured, which only the server does. A file below is still sent.',
    notHere: 'This browser cannot answer: {why}.',
    legend: 'What the colours mean', telling: 'The words that tell most',
    towards: 'speaks for “{name}” ({most})', against: 'speaks against “{name}” ({most})',
    instead: 'speaks for “{name}” ({most})',
    meaning: 'A word is coloured by how much the log-odds of “{name}” change when it is left out; a line below it speaks for, dots against. The darkest colour here stands for {most}; words of less than a tenth of that have none.',
    sentences: 'This text is long: each sentence was left out as a whole first, and only the words of those that matter one by one.',
    uncoloured: 'Words are coloured in texts of up to {most} characters.',
    tooLong: 'This is longer than the {most} characters that are read.',
    noWord: 'There is no word in it.', noKnown: 'The model knows no word of it: these are the shares of the classes in its training.',
    unknown: '{share} of its words are unknown to the model.', said: '{label}, {share}',
    unreachable: 'The server does not answer.', busy: 'The server is busy; it is asked again …',
    file: 'Answer a file', choose: 'Choose a file', orDrop: 'or drop it here', stop: 'Stop',
    forms: 'A table (CSV, TSV, JSON, parquet, xlsx), a review a line, or an archive of text files, 64 MiB at most. It comes back in its own form, with label and probabilities added.',
    unusual: 'If the file is unusual', column: 'Column of the texts', encoding: 'Encoding, if not UTF-8',
    sending: 'Sending {name} …', answering: 'Answering {name}: {done} read …', stopped: 'Stopped.',
    large: 'The file is larger than 64 MiB.', cut: 'The answer broke off.',
    save: 'Save the answers', shown: 'The first {n} rows are shown; the file has all.',
    all: 'All {n} rows are shown.', ready: 'The answers to {name} are ready.', table: 'Answers, the first rows',
    trained: 'How the model was trained', which: '{name}: {share} of its test reviews wrong', many: '{n} models that answer as one',
    api: 'The same for programs: the API', positive: 'positive', negative: 'negative',
    facts: {data: 'data', n_train: 'reviews trained on', test: 'test error', valid: 'validation error', train: 'training error', calibration_error: 'calibration error', temperature: 'temperature', classes: 'classes, shares', vocabulary: 'words known', tokenizer: 'tokenizer', n_params: 'learnt numbers', network: 'network', network_is: 'LSTM of {n} units, {pooling}', ngrams: 'beside it', ngrams_is: 'n-grams of up to {n} words', optimizer: 'optimizer', updates: 'updates', engine: 'engine', seed: 'seed'},
    snippets: 'rated sentences from movie reviews', imdb: 'IMDB reviews', mean: 'mean of its states', mean_max: 'mean and maxima of its states',
    unknownCourse: 'This file does not tell how it was trained.',
    charts: {
      errors: ['Errors', 'share that is wrong, over updates', 'kept: update {n}, where validation has {share} wrong'],
      costs: ['Cost', 'negative log-likelihood in nats, over updates', 'at the end {n}'],
      lengths: ['Lengths', 'training reviews of so many words', '{n} reviews, up to {most} words'],
      reliability: ['Reliability', 'share of answers that is right, over their probability', 'a dot on the dotted line is as right as it says; its area is its share of the validation reviews'],
    },
    series: {train: 'training', valid: 'validation', test: 'test'},
    examples: ['The plot is a mess, but the music is beautiful.', 'A wonderful film, with a cast that shines.', 'Two hours of my life that nobody gives back.'],
  },
  zh: {
    other: 'English', skip: '跳到评论', title: '这条评论是好评还是差评？',
    write: '输入或粘贴一条评论', try: '试一试',
    kept: '边输入边着色。文本只发送到本服务器，不会保存。',
    here: '在本浏览器中运行模型',
    keptHere: '由本浏览器自行给出答案：输入的文本不会发送到服务器，也不着色（着色只能由服务器完成）。下方的文件仍会发送。',
    notHere: '本浏览器无法给出答案：{why}。',
    legend: '颜色的含义', telling: '影响最大的词',
    towards: '支持“{name}”（{most}）', against: '反对“{name}”（{most}）', instead: '支持“{name}”（{most}）',
    meaning: '颜色表示去掉该词后，“{name}”的对数几率变化多少；下划实线表示支持，虚点表示反对。最深的颜色对应 {most}；不足其十分之一的词不着色。',
    sentences: '文本较长：先逐句去掉，再对影响大的句子逐词去掉。',
    uncoloured: '不超过 {most} 个字符的文本才会着色。', tooLong: '超过了可读取的 {most} 个字符。',
    noWord: '其中没有词。', noKnown: '模型不认识其中任何词：这里显示的是训练数据中各类别的比例。',
    unknown: '其中 {share} 的词是模型不认识的。', said: '{label}，{share}',
    unreachable: '服务器没有响应。', busy: '服务器正忙，稍后会再次请求……',
    file: '处理一个文件', choose: '选择文件', orDrop: '或拖放到这里', stop: '停止',
    forms: '表格（CSV、TSV、JSON、parquet、xlsx）、每行一条评论的文本，或文本文件的压缩包，最大 64 MiB。结果保持原来的格式，并加上标签和概率。',
    unusual: '文件比较特殊时', column: '文本所在的列', encoding: '编码（若不是 UTF-8）',
    sending: '正在发送 {name} ……', answering: '正在处理 {name}：已读取 {done} ……', stopped: '已停止。',
    large: '文件超过 64 MiB。', cut: '结果传输中断。',
    save: '保存结果', shown: '这里显示前 {n} 行；文件中有全部结果。', all: '共 {n} 行，已全部显示。',
    ready: '{name} 的结果已就绪。', table: '结果的前几行',
    trained: '模型是如何训练的', which: '{name}：测试评论中有 {share} 判断错误', many: '{n} 个模型共同给出答案',
    api: '供程序使用的接口（API）', positive: '正面', negative: '负面',
    facts: {data: '数据', n_train: '训练评论数', test: '测试错误率', valid: '验证错误率', train: '训练错误率', calibration_error: '校准误差', temperature: '温度', classes: '类别及比例', vocabulary: '认识的词数', tokenizer: '分词方式', n_params: '学到的参数', network: '网络', network_is: '{n} 个单元的 LSTM，{pooling}', ngrams: '此外', ngrams_is: '最多 {n} 个词的 n 元组', optimizer: '优化器', updates: '更新次数', engine: '引擎', seed: '随机种子'},
    snippets: '带评分的影评句子', imdb: 'IMDB 影评', mean: '状态取平均', mean_max: '状态取平均和最大值',
    unknownCourse: '该文件没有记录训练过程。',
    charts: {
      errors: ['错误率', '判断错误的比例，随更新次数', '保留的是第 {n} 次更新，验证错误率 {share}'],
      costs: ['代价', '负对数似然（奈特），随更新次数', '最后为 {n}'],
      lengths: ['长度', '各词数的训练评论条数', '{n} 条评论，最长 {most} 个词'],
      reliability: ['可靠性', '答案正确的比例，随其概率', '落在虚线上的点说多少就对多少；面积表示在验证评论中的比例'],
    },
    series: {train: '训练', valid: '验证', test: '测试'},
    examples: ['The plot is a mess, but the music is beautiful.', 'A wonderful film, with a cast that shines.', 'Two hours of my life that nobody gives back.'],
  },
};

let language = 'en';

export function speak(name) {
  language = name in WORDS ? name : 'en';
}

export function spoken() {
  return language;
}

export function t(key, values = {}) {
  const text = key.split('.').reduce((found, part) => found?.[part], WORDS[language]);
  return typeof text === 'string' ? text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '') : text;
}

export function number(value, digits = 3) {
  return new Intl.NumberFormat(language, {maximumSignificantDigits: digits}).format(value);
}

export function whole(value) {
  return new Intl.NumberFormat(language).format(value);
}

export function share(value) {
  return new Intl.NumberFormat(language, {style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1}).format(value);
}

export function signed(value) {
  return new Intl.NumberFormat(language, {signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 2}).format(value);
}

export function className(name) {
  return name === 'positive' || name === 'negative' ? t(name) : name;
}
