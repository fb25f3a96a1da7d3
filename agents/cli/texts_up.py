"""Sentences of `chengyun up`: coming up, the board, the summary, in Chinese and in English."""

from __future__ import annotations

UP_TEXTS: dict[str, tuple[str, str]] = {
    # up: coming up
    "up_broker": ("启动消息队列", "starting the broker"),
    "up_broker_found": ("使用消息队列 {bootstrap}", "using the broker at {bootstrap}"),
    "up_broker_started": (
        "消息队列已启动 {bootstrap}({seconds:.1f} 秒)",
        "the broker runs at {bootstrap} ({seconds:.1f} s)",
    ),
    "up_prepare": ("准备数据 {dataset}", "preparing {dataset}"),
    "up_prepared": (
        "{dataset}:{rows:,} 条,{begins} 至 {ends}({seconds:.1f} 秒)",
        "{dataset}: {rows:,} rows, {begins} to {ends} ({seconds:.1f} s)",
    ),
    "up_cleared": (
        "清理了 {count} 座旧的模拟城市(保留最近 {keep} 座)",
        "cleared away {count} old cities (the newest {keep} are kept)",
    ),
    "up_topics": ("主题就绪:{count} 个,前缀 {prefix}", "{count} topics ready, prefix {prefix}"),
    "up_workers": ("启动五个环节,日志 {logs}", "starting five stages, logs in {logs}"),
    "up_ready": ("五个环节就绪({seconds:.1f} 秒)", "five stages ready ({seconds:.1f} s)"),
    "up_feeding": ("开始送入 {source}", "feeding {source}"),
    "up_fed": (
        "送入完毕:{events:,} 条({seconds:.1f} 秒),等待各层处理完",
        "all {events:,} fed ({seconds:.1f} s), waiting until every tier has them",
    ),
    "up_drained": ("各层处理完毕({seconds:.1f} 秒)", "every tier is done ({seconds:.1f} s)"),
    "up_counting": ("统计结果", "counting the result"),
    "up_stopping": ("正在停止(再按一次 Ctrl-C 立即停止)", "stopping (Ctrl-C again hurries)"),
    "up_stopped": ("已停止({seconds:.1f} 秒)", "stopped ({seconds:.1f} s)"),
    "up_hurry": ("立即停止", "stopping at once"),
    "up_crashed": (
        "{stage} 意外退出({how}),重启 {n}/{of}",
        "{stage} ended unexpectedly ({how}), restart {n} of {of}",
    ),
    "up_gave_up": (
        "{stage} 在 {window:g} 秒内退出超过 {of} 次,停止。日志:{log}",
        "{stage} ended more than {of} times within {window:g} s: giving up. Log: {log}",
    ),
    "up_refused": (
        "{stage} 无法启动({how})。日志:{log}",
        "{stage} refuses to start ({how}). Log: {log}",
    ),
    "up_not_ready": (
        "{seconds:g} 秒内未就绪:{stages}。日志:{log}",
        "not ready within {seconds:g} s: {stages}. Logs: {log}",
    ),
    "up_feed_failed": ("送入失败:{why}", "feeding failed: {why}"),
    "up_broker_gone": (
        "消息队列 {seconds:.0f} 秒没有应答",
        "the broker has not answered for {seconds:.0f} s",
    ),
    "up_broker_back": ("消息队列恢复应答", "the broker answers again"),
    "how_signal": ("信号 {name}", "signal {name}"),
    "how_code": ("退出码 {code}", "exit code {code}"),
    # up: board
    "board_title": ("城运 · {source}", "chengyun · {source}"),
    "source_simulated": ("模拟城市 种子 {seed} {speed}×", "made-up city, seed {seed}, {speed}×"),
    "source_replay": ("回放 {dataset} {speed}", "replay of {dataset} {speed}"),
    "speed_max": ("全速", "at full speed"),
    "board_time": ("城市时间 {time}", "city time {time}"),
    "board_elapsed": ("已运行 {span}", "running {span}"),
    "board_left": ("还剩 {span}", "{span} left"),
    "board_done": ("已处理 {share}%", "{share}% through"),
    "delay_is": ("延迟 {delay}", "delay {delay}"),
    "col_reached": ("处理到", "reached"),
    "board_fed": ("已送入 {share}%", "{share}% fed"),
    "col_open": ("在办", "open"),
    "col_overdue": ("超时", "overdue"),
    "col_up": ("上报", "lifted"),
    "col_alerts": ("预警", "alerts"),
    "col_rate": ("条/秒", "events/s"),
    "col_trend": ("趋势", "trend"),
    "col_delay": ("延迟", "delay"),
    "col_dead": ("死信", "dead"),
    "col_health": ("状况", "health"),
    "alerts_newest": ("最新预警", "newest alerts"),
    "and_others": ("{area} 等", "{area} and others"),
    "alerts_none": ("暂无预警", "no alerts yet"),
    "notes": ("运行情况", "what happened here"),
    "health_ready": ("● 正常", "● ready"),
    "health_joining": ("◌ 加入中", "◌ joining"),
    "health_restoring": ("◐ 恢复中", "◐ restoring"),
    "health_stuck": ("■ 卡住", "■ stuck"),
    "health_down": ("■ 已退出", "■ down"),
    "health_starting": ("◌ 启动中", "◌ starting"),
    "board_foot": (
        "另一终端:chengyun watch · chengyun incident list    Ctrl-C 停止",
        "in another terminal: chengyun watch · chengyun incident list    Ctrl-C stops",
    ),
    "plain_tick": (
        (
            "{elapsed} 城市 {time} | 在办 街道 {street} 区 {district} 市 {city} | 超时 {overdue} | "
            "上报 {up} | 预警 {alerts} | {rate:,.0f} 条/秒 | {pace} | 死信 {dead}"
        ),
        (
            "{elapsed} city {time} | open street {street} district {district} city {city} | "
            "overdue {overdue} | escalated {up} | alerts {alerts} | {rate:,.0f}/s | "
            "{pace} | dead {dead}"
        ),
    ),
    # up: summary
    "sum_title": ("本次运行小结", "summary of this run"),
    "sum_tier": ("层级", "tier"),
    "sum_opened": ("立案", "opened"),
    "sum_received": ("接上报", "received"),
    "sum_closed": ("结案", "closed"),
    "sum_open": ("在办", "open"),
    "sum_overdue": ("超时", "overdue"),
    "sum_alerts": ("预警", "alerts"),
    "sum_settled": ("街道就地解决", "settled at the street"),
    "sum_settled_value": (
        "{share:.1%}(已结 {closed:,} 件中 {street:,} 件)",
        "{share:.1%} ({street:,} of {closed:,} closed)",
    ),
    "sum_settled_none": ("尚无结案", "nothing closed yet"),
    "sum_escalations": ("上报规则", "escalations by rule"),
    "sum_none": ("无", "none"),
    "sum_dead": ("死信", "dead letters"),
    "sum_throughput": ("处理量", "throughput"),
    "sum_throughput_value": (
        "{events:,} 条 / {seconds:.1f} 秒 = {rate:,.0f} 条/秒",
        "{events:,} in {seconds:.1f} s = {rate:,.0f} a second",
    ),
    "sum_fed_value": (
        "送入 {events:,} 条 / {seconds:.1f} 秒,尚未全部处理完",
        "{events:,} fed in {seconds:.1f} s, not yet through every tier",
    ),
    "sum_cpu": ("处理器秒", "CPU seconds"),
    "sum_restarts": ("环节重启", "restarts of stages"),
    "sum_where": (
        "主题前缀 {prefix},消息队列 {bootstrap},日志 {logs}",
        "prefix {prefix}, broker {bootstrap}, logs {logs}",
    ),
    "sum_again": (
        "继续这座城市:chengyun up --prefix {prefix}",
        "go on with this city: chengyun up --prefix {prefix}",
    ),
}
