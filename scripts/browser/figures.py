"""What a person sees of a page's interactive figures: whether they are drawn, what covers what, and what their controls do."""

# Of each figure: its size, and how many marks it has drawn.
DRAWN = """
() => [...document.querySelectorAll('.js-plotly-plot')].map(plot => {
    const box = plot.querySelector('.main-svg')?.getBoundingClientRect();
    const marks = plot.querySelectorAll('.trace, .hm image, .im image, .barlayer path, .shapelayer path, canvas');
    return {title: plot.querySelector('.gtitle')?.textContent ?? '', width: box?.width ?? 0, height: box?.height ?? 0,
        marks: marks.length};
})
"""

# Of each figure, what lies over something else, with both texts: a legend over a panel (where the mouse can select: nsewdrag), or
# one text over another. Of a turned text the box is too large, so that it is left to the eye.
OVERLAPS = """
() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => {
    const over = (one, other) => {
        const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        return wide > 1 && high > 2;
    };
    const name = part => part.textContent || part.getAttribute('class');
    const texts = [...plot.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        const turned = /rotate\\((?!0[,)])/.test(text.getAttribute('transform') ?? '');
        return text.textContent.trim() && box.width > 0 && !turned && !text.closest('.updatemenu-container');
    });
    const pairs = texts.flatMap((one, index) => texts.slice(index + 1).map(other => [one, other]));
    for (const box of plot.querySelectorAll('.legend, .updatemenu-header')) {
        const others = [...plot.querySelectorAll('.nsewdrag'), ...texts.filter(text => !box.contains(text))];
        pairs.push(...others.map(other => [box, other]));
    }
    return pairs.filter(([one, other]) => over(one, other)).map(pair => pair.map(name).join(' | ').slice(0, 120));
})
"""

# Of each figure, its controls: a slider or lists, how many values each has, and which one is chosen.
CONTROLS = """
() => [...document.querySelectorAll('.js-plotly-plot')].flatMap((plot, figure) => [
    ...(plot.layout.sliders ?? []).map((slider, index) =>
        ({figure, kind: 'slider', index, values: slider.steps.length, chosen: slider.active ?? 0})),
    ...(plot.layout.updatemenus ?? []).map((list, index) =>
        ({figure, kind: 'list', index, values: list.buttons.length, chosen: list.active ?? 0})),
])
"""

# Pixels between an end of a slider and its first or last value, as plotly has it.
INSET = 10


def drawn(page, least):
    """The figures of a page, and what is wrong with them: fewer than `least`, or one that is empty."""
    figures = page.evaluate(DRAWN)
    empty = [f for f in figures if f["width"] <= 200 or f["height"] <= 100 or not f["marks"]]
    problems = [f"the figure {figure['title']!r} is not drawn: {figure}" for figure in empty]
    if len(figures) < max(least, 1):
        problems.append(f"{len(figures)} interactive figures, of {least} in the file")
    return figures, problems


def overlaps(page):
    """What lies over something else in the page's figures."""
    return [f"one thing lies over another: {pair}" for pair in page.evaluate(OVERLAPS)]


def picture(plot):
    """What a figure's panels look like, without the control beside them."""
    layers = plot.locator(".cartesianlayer").first
    return layers.evaluate("layers => layers.outerHTML"), layers.evaluate("""layers => {
        const info = layers.closest('.js-plotly-plot').querySelector('.infolayer .g-gtitle');
        return info ? info.textContent : '';
    }""")


def at_rest(page, part):
    """Where a part of the page is, once it is there and moves no more."""
    part.wait_for()
    before = None
    while (now := (part.bounding_box(), part.get_attribute("opacity"))) != before:
        before = now
        page.wait_for_timeout(200)
    return now[0]


def choose(page, plot, control, place):
    """Chooses a value of a control with the mouse, and answers which one is chosen then."""
    kind, index, values = control["kind"], control["index"], control["values"]
    if kind == "slider":
        rail = plot.locator(".slider-rail-touch-rect").nth(index)
        rail.scroll_into_view_if_needed()
        box = rail.bounding_box()
        x = INSET + (box["width"] - 2 * INSET) * place / max(values - 1, 1)
        page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
    else:
        plot.locator(".updatemenu-header").nth(index).click()
        box = at_rest(page, plot.locator(".updatemenu-dropdown-button").nth(place))
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    active = f"plot => plot.layout.{'sliders' if kind == 'slider' else 'updatemenus'}[{index}].active"
    for _ in range(20):
        page.wait_for_timeout(100)
        if (chosen := plot.evaluate(active)) == place:
            break
    return chosen


def move_controls(page, each):
    """Moves every slider to each of its values and chooses each value of every list. The picture has to change each time. `each` is
    called after every one and returns what is wrong then. Answers how many values were chosen, and what was wrong."""
    problems, moved = [], 0
    for control in page.evaluate(CONTROLS):
        plot = page.locator(".js-plotly-plot").nth(control["figure"])
        plot.scroll_into_view_if_needed()
        values = control["values"]
        seen = picture(plot)
        others = [place for place in range(values) if place != control["chosen"]]
        for place in [*others, control["chosen"]]:
            chosen = choose(page, plot, control, place)
            now = picture(plot)
            where = f"figure {control['figure'] + 1}, {control['kind']} {control['index'] + 1} at {place + 1} of {values}"
            if chosen != place:
                problems.append(f"{where}: {chosen + 1} is chosen")
            elif now == seen:
                problems.append(f"{where}: the picture does not change")
            problems += [f"{where}: {problem}" for problem in each()]
            seen, moved = now, moved + 1
    return moved, problems
