"""A small chart, written by hand: no library is needed for a few points."""
import math

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 40, 50


def write(path, points):
    """`points`: (tasks, µs of wall time, µs of CPU) of one task."""
    lowest, highest = math.log10(points[0][0]), math.log10(points[-1][0])
    most = max(max(wall, cpu) for _, wall, cpu in points) * 1.25

    def x(tasks):
        return LEFT + (math.log10(tasks) - lowest) / (highest - lowest) * (WIDTH - LEFT - RIGHT)

    def y(micros):
        return HEIGHT - BOTTOM - micros / most * (HEIGHT - TOP - BOTTOM)

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="20" font-size="14">Cost of a no-op task by the size of the run, '
             f'journalled durably</text>']
    for step in range(5):
        value = most * step / 4
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" '
                     f'y2="{y(value):.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">'
                     f'{value:.0f} µs</text>')
    for tasks, _, _ in points:
        lines.append(f'<text x="{x(tasks):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">'
                     f'{tasks}</text>')
    for column, name, colour in ((1, "wall time", "#1f6feb"), (2, "CPU, all threads", "#d1761f")):
        path_text = " ".join(f"{x(point[0]):.1f},{y(point[column]):.1f}" for point in points)
        lines.append(f'<polyline points="{path_text}" fill="none" stroke="{colour}" '
                     f'stroke-width="2"/>')
        lines += [f'<circle cx="{x(point[0]):.1f}" cy="{y(point[column]):.1f}" r="3" '
                  f'fill="{colour}"/>' for point in points]
        lines.append(f'<text x="{LEFT + 10 + 130 * (column - 1)}" y="{HEIGHT - 10}" '
                     f'fill="{colour}">{name}</text>')
    lines.append("</svg>")
    path.write_text("\n".join(lines) + "\n")
