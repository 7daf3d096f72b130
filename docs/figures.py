"""Draw the tutorial's figures, in English and Chinese: docs/figures/NAME.svg and NAME.zh.svg.

``python docs/figures.py`` draws all; it needs matplotlib (docs/requirements.txt), and for the
Chinese ones a font such as Debian's fonts-wqy-zenhei. Text becomes outlines, which look the same
everywhere. The figures of measurements are drawn from docs/measured.json, which measure.py writes.
"""
import hashlib
import json
import logging
import os
import sys

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, 'figures')
MEASURED = os.path.join(HERE, 'measured.json')
CHINESE_FONTS = ('wqy-zenhei.ttc', 'NotoSansSC-Regular.otf', 'SourceHanSansSC-Regular.otf')
logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)  # a weight of 500 will do
INK = ('#4477aa', '#ee6677', '#228833', '#aa3377', '#ccbb44', '#66ccee', '#666666')
STYLE = {'svg.fonttype': 'path', 'svg.hashsalt': 'lstm', 'mathtext.fontset': 'cm',
         'axes.spines.top': False, 'axes.spines.right': False, 'axes.unicode_minus': False}

CHINESE = {
    'input gate': '输入门', 'candidate': '候选值', 'forget gate': '遗忘门', 'output gate': '输出门',
    'memory cell': '记忆单元', 'words': '词', 'embedding': '词嵌入', 'LSTM': 'LSTM',
    'states': '隐藏状态', 'mean pooling': '平均池化', 'logistic regression': '逻辑回归',
    'probability': '概率', 'steps back in time': '回溯的时间步数',
    'norm of the gradient, 1 at no step': '梯度的范数（回溯 0 步时为 1）',
    'LSTM, SGD': 'LSTM，SGD 训练', 'LSTM, AdaDelta': 'LSTM，AdaDelta 训练',
    'plain': '普通循环网络', 'update': '更新次数', 'validation error, %': '验证集错误率（%）',
    'cost, mean of 250 updates': '代价（每 250 次更新的平均）',
    'median of all units': '所有单元的中位数', 'the units that move most': '变化最大的单元',
    'adds to the log-odds': '对对数几率的贡献', 'learning rate': '学习率'}


def find_font():
    """Return the name of an installed font with Chinese glyphs, or None."""
    for path in font_manager.findSystemFonts():  # the list that matplotlib keeps may be old
        if os.path.basename(path) in CHINESE_FONTS:
            font_manager.fontManager.addfont(path)
            return font_manager.FontProperties(fname=path).get_name()
    return None


def translator(language):
    """Return the function that turns a label into this language."""
    return CHINESE.__getitem__ if language == 'zh' else lambda label: label


def load_measured():
    """Return what docs/measure.py wrote."""
    with open(MEASURED, encoding='utf-8') as file:
        return json.load(file)


def digest():
    """Return what a figure is made from, as a number: this script and the measured data."""
    state = hashlib.sha256()
    for path in (os.path.abspath(__file__), MEASURED):
        with open(path, 'rb') as file:
            state.update(file.read())
    return state.hexdigest()


# --- Diagrams ---------------------------------------------------------------------------------


def canvas(width, height):
    """Return a figure and axes without frame, one unit an inch."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis('off')
    return figure, axes


def box(axes, x, y, text, width=1.3, height=0.5, color='#4477aa', size=11):
    """Draw a rounded box with a text, its centre at (x, y)."""
    axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, linewidth=1.3,
                                  boxstyle='round,pad=0,rounding_size=0.1', edgecolor=color,
                                  facecolor=color + '22'))
    axes.text(x, y, text, ha='center', va='center', fontsize=size, linespacing=1.4)


def knot(axes, x, y, sign):
    """Draw a circle with the sign of an elementwise operation."""
    axes.add_patch(Circle((x, y), 0.19, facecolor='white', edgecolor='black', linewidth=1.2))
    axes.text(x, y - 0.01, sign, ha='center', va='center', fontsize=13)


def arrow(axes, *points, color='black', style='-|>'):
    """Draw a line through points, with a head at its end."""
    xs, ys = zip(*points)
    axes.plot(xs[:-1], ys[:-1], color=color, linewidth=1.2)
    axes.annotate('', points[-1], points[-2],
                  arrowprops={'arrowstyle': style, 'color': color, 'shrinkA': 0, 'shrinkB': 0})


def draw_memory_cell(_, say):
    """Figure 1: the four gates, the memory that carries over, the state."""
    figure, axes = canvas(8.4, 4.9)
    axes.set_xlim(-0.4, 8)
    gates = ((1.1, 'forget gate', '$f_t$', INK[0]), (2.8, 'input gate', '$i_t$', INK[0]),
             (4.5, 'candidate', r'$\tilde{C}_t$', INK[2]), (6.2, 'output gate', '$o_t$', INK[0]))
    axes.add_patch(FancyBboxPatch((0.3, 0.95), 7.1, 3.55, boxstyle='round,pad=0,rounding_size=0.2',
                                  edgecolor='#999999', facecolor='#fafafa', linestyle='--'))
    axes.plot([1.1, 6.2], [1.2, 1.2], color='black', linewidth=1.2)
    for x, name, symbol, color in gates:
        box(axes, x, 1.9, '%s\n%s' % (say(name), symbol), 1.45, 0.75, color)
        arrow(axes, (x, 1.2), (x, 1.52))
    arrow(axes, (3.65, 0.45), (3.65, 1.2), style='-')
    axes.text(3.65, 0.25, r'$x_t,\ \ h_{t-1}$', ha='center', va='center', fontsize=14)
    # the memory runs along the top
    arrow(axes, (-0.3, 3.9), (0.91, 3.9))
    arrow(axes, (1.29, 3.9), (3.46, 3.9))
    arrow(axes, (3.84, 3.9), (7.9, 3.9))
    axes.text(-0.35, 4.1, '$C_{t-1}$', fontsize=14, ha='left')
    axes.text(7.9, 4.1, '$C_t$', fontsize=14, ha='right')
    axes.text(3.65, 4.65, say('memory cell'), fontsize=12, ha='center', color='#555555')
    arrow(axes, (1.1, 2.28), (1.1, 3.71))
    arrow(axes, (2.8, 2.28), (2.8, 2.95), (3.46, 2.95))
    arrow(axes, (4.5, 2.28), (4.5, 2.95), (3.84, 2.95))
    arrow(axes, (3.65, 3.14), (3.65, 3.71))
    # the state
    arrow(axes, (6.9, 3.9), (6.9, 3.5))
    box(axes, 6.9, 3.3, r'$\tanh$', 0.72, 0.38, INK[6])
    arrow(axes, (6.9, 3.11), (6.9, 2.94))
    arrow(axes, (6.2, 2.28), (6.2, 2.75), (6.71, 2.75))
    arrow(axes, (7.09, 2.75), (7.9, 2.75))
    axes.text(7.9, 2.45, '$h_t$', fontsize=14, ha='right')
    for x, y, sign in ((1.1, 3.9, r'$\times$'), (3.65, 3.9, '$+$'), (3.65, 2.95, r'$\times$'),
                       (6.9, 2.75, r'$\times$')):
        knot(axes, x, y, sign)
    # the peephole of equation (5), which the variant leaves out
    arrow(axes, (5.6, 3.9), (5.6, 2.28), color=INK[1])
    axes.text(5.52, 3.2, '$V_o$', color=INK[1], fontsize=13, ha='right')
    return figure


def draw_model(_, say):
    """Figure 2: from words to a probability."""
    figure, axes = canvas(8, 5.2)
    columns = (1.9, 3.6, 5.3, 7.0)
    rows = (('words', 0.35), ('embedding', 1.15), ('LSTM', 2.05), ('states', 2.85),
            ('mean pooling', 3.6), ('logistic regression', 4.25), ('probability', 4.9))
    for name, y in rows:
        axes.text(0.05, y, say(name), fontsize=11, va='center', color='#555555')
    for k, (x, word) in enumerate(zip(columns, ('A', 'wonderful', 'film', '.'))):
        axes.text(x, 0.35, word, ha='center', va='center', fontsize=12)
        arrow(axes, (x, 0.55), (x, 0.92))
        box(axes, x, 1.15, '$x_%d$' % k, 1.0, 0.44, INK[2], 13)
        arrow(axes, (x, 1.37), (x, 1.8))
        box(axes, x, 2.05, 'LSTM', 1.0, 0.5, INK[0])
        arrow(axes, (x, 2.3), (x, 2.68))
        axes.text(x, 2.85, '$h_%d$' % k, ha='center', va='center', fontsize=14)
        arrow(axes, (x, 3.02), (x, 3.39))
        if k:
            arrow(axes, (columns[k - 1] + 0.5, 2.05), (x - 0.5, 2.05))
    middle = sum(columns) / 4
    box(axes, middle, 3.6, r'$\bar{h}$', 6.1, 0.4, INK[4], 13)
    arrow(axes, (middle, 3.8), (middle, 4.05))
    box(axes, middle, 4.25, r"$\mathrm{softmax}(\bar{h}\,U' + b')$", 2.6, 0.38, INK[1], 12)
    arrow(axes, (middle, 4.44), (middle, 4.72))
    axes.text(middle, 4.9, '$p$', ha='center', va='center', fontsize=14)
    return figure


# --- Measurements -----------------------------------------------------------------------------


def draw_gradients(measured, say):
    """The norm of the gradient against the number of steps that it went back."""
    figure = Figure(figsize=(7.5, 4.2), layout='constrained')
    axes = figure.subplots()
    curves = measured['gradients']
    shown = [('rnn_layer_%g' % gain, '%s, γ = %g' % (say('plain'), gain), INK[1], dash)
             for gain, dash in ((2, '--'), (1, '-'), (0.8, ':'))]
    shown += [('lstm_layer_%g' % bias, 'LSTM, $b_f=%g$' % bias, INK[0], dash)
              for bias, dash in ((2, '--'), (1, '-'), (0, ':'))]
    shown += [('sgd_1', say('LSTM, SGD'), INK[2], '-'),
              ('adadelta', say('LSTM, AdaDelta'), INK[2], '--')]
    for name, label, color, dash in shown:
        axes.semilogy(curves[name], dash, color=color, label=label, linewidth=1.8)
    axes.set(xlabel=say('steps back in time'), ylim=(1e-9, 1e6),
             ylabel=say('norm of the gradient, 1 at no step'))
    axes.grid(alpha=0.3)
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def draw_gates(measured, say):
    """The gates of a trained network over a sentence, and what each word adds."""
    gates = measured['gates']
    figure = Figure(figsize=(8, 7), layout='constrained')
    panels = figure.subplots(4, sharex=True)
    ticks = range(len(gates['words']))
    for axes, (gate, name) in zip(panels, (('i', 'input gate'), ('f', 'forget gate'),
                                           ('o', 'output gate'))):
        median, *units = gates['gates'][gate]
        for unit in units:
            axes.plot(ticks, unit, color=INK[0], linewidth=0.9, alpha=0.8)
        axes.plot(ticks, median, color=INK[1], linewidth=2, label=say('median of all units'))
        axes.lines[0].set_label(say('the units that move most'))
        axes.set(ylim=(0, 1))
        axes.set_ylabel('%s %s' % (say(name), gate), fontsize=9)
        axes.grid(alpha=0.3)
    figure.legend(*panels[0].get_legend_handles_labels(), loc='outside upper center', ncols=2,
                  frameon=False)
    odds = gates['odds']
    panels[3].bar(ticks, odds, color=[INK[2] if value > 0 else INK[1] for value in odds])
    panels[3].axhline(0, color='black', linewidth=0.8)
    panels[3].set_ylabel(say('adds to the log-odds'), fontsize=9)
    panels[3].set_xticks(ticks, gates['words'], rotation=60, ha='right', rotation_mode='anchor')
    return figure


def draw_optimizers(measured, say):
    """The cost and the validation error of each optimizer over updates."""
    figure = Figure(figsize=(8, 4.4), layout='constrained')
    costs, errors = figure.subplots(1, 2)
    shown = (('sgd', 'SGD, %s 0.0001' % say('learning rate'), '#bbbbbb', '-'),
             ('sgd_0.1', 'SGD, %s 0.1' % say('learning rate'), INK[4], '--'),
             ('sgd_1', 'SGD, %s 1' % say('learning rate'), INK[3], '-'),
             ('adadelta', 'AdaDelta', INK[0], '-'), ('rmsprop', 'RMSProp', INK[1], '-'))
    for name, label, color, dash in shown:
        run = measured['runs'][name]
        updates = [row[0] for row in run['history']]
        style = {'color': color, 'linewidth': 4 if name == 'sgd' else 1.5}  # others lie on it
        costs.plot(updates[:len(run['costs'])], run['costs'], dash, label=label, **style)
        errors.plot(updates, [100 * row[2] for row in run['history']], dash, **style)
    costs.set(xlabel=say('update'), title=say('cost, mean of 250 updates'), ylim=(0, None))
    errors.set(xlabel=say('update'), title=say('validation error, %'), ylim=(0, None))
    for axes in (costs, errors):
        axes.grid(alpha=0.3)
    figure.legend(loc='outside lower center', ncols=3, frameon=False)
    return figure


FIGURES = {'memory_cell': draw_memory_cell, 'model': draw_model, 'gradients': draw_gradients,
           'gates': draw_gates, 'optimizers': draw_optimizers}


def draw(name, language, folder=FOLDER):
    """Write one figure; return its path."""
    path = os.path.join(folder, name + ('.zh' if language == 'zh' else '') + '.svg')
    fonts = ['DejaVu Sans'] + [find_font()] * (language == 'zh')  # the second for what it lacks
    with matplotlib.rc_context(dict(STYLE, **{'font.family': fonts})):
        figure = FIGURES[name](load_measured(), translator(language))
        figure.savefig(path, metadata={'Date': None, 'Creator': None, 'Identifier': digest()})
    return path


def main():
    """Draw every figure in both languages."""
    if not find_font():
        sys.exit('no font with Chinese glyphs: apt install fonts-wqy-zenhei, or install one of %s'
                 % ', '.join(CHINESE_FONTS))
    for name in FIGURES:
        for language in ('en', 'zh'):
            print(draw(name, language))


if __name__ == '__main__':
    main()
