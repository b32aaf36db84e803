"""Is the new version worse than the old one? Sequential tests that may be looked at every second.

Pure functions from what was answered to a finding: gates call them while a deployment is under way, the checker
`canary-analysis` on what was recorded. docs/canary-analysis.md says what is claimed and how it was measured.

    outcomes        pass, fail, error, inconclusive, no data: how a gate's measurements add up
    traffic         the answers of two versions, and which of them may be compared
    relative_risk   errors: an e-process given how traffic was really split
    slowness        latency: an e-process on the share of slow answers, second by second
    confidence      confidence sequences for shares and for quantiles
    limits          absolute limits, and limits relative to the old version
    judge           all of it, with one chance of a false alarm for a scenario
    mann_whitney    what Kayenta's judge would say, for those who compare with it
"""
