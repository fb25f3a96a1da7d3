"""Every sentence that operators read, in Chinese and in English, once.

Blanks are named and the same in both languages; a test compares them.
"""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # reading
    "reading": ("读取中 {share}%  {read:,}/{of:,}", "reading {share}%  {read:,} of {of:,}"),
    "nothing": ("没有符合条件的记录。", "Nothing matches."),
    "more": ("共 {total} 件,显示 {shown} 件(--limit 可调)", "{shown} of {total} (see --limit)"),
    "total": ("共 {total} 件", "{total} in all"),
    "unreadable": ("{count} 条记录无法读取", "{count} records could not be read"),
    "city_ended": (
        "城市 {prefix} 已停止,以下为停止时的状态。",
        "The city {prefix} has stopped; this is how it stood then.",
    ),
    # incident list
    "col_id": ("案件号", "incident"),
    "col_state": ("状态", "state"),
    "col_grade": ("级", "sev"),
    "col_tier": ("层级", "tier"),
    "col_title": ("事项", "matter"),
    "col_due": ("时限", "limit"),
    "col_reports": ("报", "rep"),
    "col_unit": ("责任单位", "unit"),
    # incident show
    "no_incident": ("查无此案:{id}", "There is no incident {id}."),
    "owner": ("归属", "owner"),
    "unit": ("责任单位", "unit"),
    "assisting": ("协办 {units}", "assisting {units}"),
    "place": ("地点", "place"),
    "limit": ("时限", "limit"),
    "took": ("历时 {span}", "took {span}"),
    "no_limit": ("无时限", "none"),
    "danger": ("涉及人身安全", "danger to life"),
    "recurrence": ("重复:上次 {id}", "recurrence of {id}"),
    "belongs_problem": ("治理问题 {id}", "problem {id}"),
    "belongs_parent": ("主案 {id}", "part of {id}"),
    "timeline": ("经过", "what happened"),
    "rule": ("规则 {rule}", "rule {rule}"),
    "synthetic": ("代办", "in its stead"),
    "handed": ("{giver} → {taker}", "{giver} to {taker}"),
    "reports": ("诉求 {count} 件", "{count} reports"),
    "reports_more": ("另有 {count} 件未列出", "{count} more are not listed"),
    "report_open": ("未结", "open"),
    "report_late": ("超时", "late"),
    "report_in_time": ("按时", "in time"),
    "report_ended": ("结束 {time}", "ended {time}"),
    "report_due": ("时限 {time}", "limit {time}"),
    "audit_whole": ("审计链完整,共 {count} 条", "audit chain is whole, {count} entries"),
    "audit_broken": (
        "审计链不完整({count} 条):{faults}",
        "audit chain is broken ({count} entries): {faults}",
    ),
    "audit_none": ("没有审计记录", "no audit entries"),
    "audit_more": ("另有 {count} 处未列出(--json 列出全部)", "{count} more (see --json)"),
    "audit_policy": (
        "策略 {version}:{count:,} 条,{first} 至 {last}",
        "policy {version}: {count:,} entries, {first} to {last}",
    ),
    "audit_cut": (
        "{count} 件的早期记录已超过保存期,只核对了现存部分",
        "{count} chains begin before what the topic still keeps; the rest was checked",
    ),
    "audit_sound": (
        "审计完整:{incidents:,} 件,{entries:,} 条",
        "The audit is whole: {incidents:,} incidents, {entries:,} entries",
    ),
    "audit_unsound": (
        "审计有问题:{kinds}(共核对 {incidents:,} 件,{entries:,} 条)",
        "The audit is not whole: {kinds} ({incidents:,} incidents, {entries:,} entries checked)",
    ),
    "policy": ("策略 {version}", "policy {version}"),
    "reply_to": ("答复 {to}:{outcome}", "reply to {to}: {outcome}"),
    "expected": ("实测 {observed},阈值 {expected}", "observed {observed}, threshold {expected}"),
    # orders
    "order_sent": ("{action} 已送达 {area},等待答复……", "{action} sent to {area}, waiting …"),
    "order_reply": ("{outcome}:{action} {id}", "{outcome}: {action} {id}"),
    "order_version": ("版本 {version}", "version {version}"),
    "order_allowed": ("当前可用操作:{actions}", "possible now: {actions}"),
    "order_timeout": (
        "{seconds:g} 秒内没有答复。命令可能稍后执行;可用 --command-id {id} 重发,不会重复执行。",
        (
            "No reply within {seconds:g} s. The order may still be carried out; sending it again "
            "with --command-id {id} does no harm."
        ),
    ),
    # why an order or a report was refused, by its code
    "reason_stale_version": ("案件已有新的变化,请先查看", "the case has moved on: look again"),
    "reason_not_allowed_now": ("案件当前状态不允许", "its state does not allow it now"),
    "reason_not_your_action": ("你的岗位无权这样做", "not for your role"),
    "reason_not_your_area": ("案件不归你的区域管", "the case is not your area's"),
    "reason_reason_missing": ("必须说明理由(--reason)", "a reason is wanted (--reason)"),
    "reason_unknown_incident": ("没有这个案件", "there is no such case"),
    "reason_no_such_subject": ("命令只能针对案件", "orders are about cases"),
    "reason_too_many_hops": ("转了多次仍找不到归属", "passed on too often without an owner"),
    "reason_unknown_action": ("没有这个操作", "there is no such action"),
    "reason_already_acknowledged": ("已有人接单", "somebody was faster"),
    "reason_unit_missing": ("必须指定责任单位(--to)", "a unit is wanted (--to)"),
    "reason_unknown_unit": ("没有这个责任单位", "there is no such unit"),
    "reason_wrong_area": ("只能下派给本级所辖区域(--to)", "wanted an area below yours (--to)"),
    "reason_still_alarming": ("设备仍在报警", "a device still alarms"),
    # watch
    "watch_head": (
        "跟踪 {what} · 城市 {city} · Ctrl-C 结束",
        "Following {what} · city {city} · Ctrl-C ends",
    ),
    "watch_all": ("全市各层级", "all tiers"),
    "watch_before": ("—— 以上为此前的预警 ——", "—— alerts before now end here ——"),
    "watch_suggest": ("建议:{text}", "do: {text}"),
    "watch_waiting": ("等待新的预警和案件……", "Waiting for alerts and incidents …"),
    "watch_skipped": (
        "太快,跳过 {count} 条案件更新",
        "too fast: {count} incident updates left out",
    ),
    # dead letters
    "col_letter": ("编号", "letter"),
    "col_when": ("时间", "when"),
    "col_stage": ("环节", "stage"),
    "col_reason": ("原因", "reason"),
    "col_size": ("字节", "bytes"),
    "col_message": ("说明", "message"),
    "no_letter": ("没有这封死信:{id}", "There is no dead letter {id}."),
    "letter_origin": ("来源", "origin"),
    "letter_hash": ("摘要", "sha256"),
    "letter_stack": ("调用栈", "stack"),
    "letter_bytes": ("内容", "bytes"),
    "letter_cut": (
        "只保留了前 {kept} 字节(共 {size} 字节)",
        "only the first {kept} of {size} bytes were kept",
    ),
    "replay_ask": ("将 {count} 封死信送回原主题?", "Send {count} dead letters back?"),
    "replay_done": ("已送回 {count} 封", "{count} sent back"),
    "replay_refused": ("{id} 不能送回:{why}", "{id} cannot be sent back: {why}"),
    "why_cut": ("内容不完整", "its bytes were not kept whole"),
    "why_topic": ("来源不是收件主题", "it did not come from an inbox"),
    "why_changed": ("内容与摘要不符", "its bytes do not match their hash"),
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
