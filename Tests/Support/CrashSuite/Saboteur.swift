import FailingDisks
import Foundation
import NodeProcesses
import Platform

/// Carries out a schedule, on one thread, and starts what has ended.
struct Saboteur {
    private let cluster: Cluster
    private let watch: LeaderWatch
    private let recorder: Recorder
    /// What the last member's data lies on, where one can be mounted.
    private let disk: SmallDisk?
    private var isFilled = false
    /// Members whose disks will fail a flush, or have.
    private var armed: Set<Int> = []
    /// What ends when, by steps.
    private var endings: [(end: Int, key: Int, undo: Undo)] = []

    private enum Undo {
        case start([Int])
        case resume(Int)
        case heal
        case free
    }

    init(_ cluster: Cluster, _ watch: LeaderWatch, _ recorder: Recorder, disk: SmallDisk?) {
        self.cluster = cluster
        self.watch = watch
        self.recorder = recorder
        self.disk = disk
    }

    mutating func carryOut(_ schedule: Schedule, milliseconds: Int, progress: (Int) -> Void) {
        let start = Recorder.now
        let parker = Parker()
        var steps = schedule.steps.enumerated().makeIterator()
        var next = steps.next()
        while true {
            let now = Int((Recorder.now - start) / 1_000_000)
            endWhatIsOver(at: now)
            guard now < milliseconds, !Interruption.hasHappened else { break }
            while let (key, step) = next, step.begin <= now {
                if begin(step.fault, until: step.end, key) {
                    recorder.count(step.fault.kind)
                } else {
                    recorder.count("left out")
                }
                next = steps.next()
            }
            supervise()
            progress(now)
            parker.park(timeout: .milliseconds(10))
        }
        endWhatIsOver(at: .max)
        supervise()
    }

    private mutating func endWhatIsOver(at now: Int) {
        let over = endings.filter { $0.end <= now }
        endings.removeAll { $0.end <= now }
        for ending in over {
            switch ending.undo {
            case .start(let places): places.forEach(start)
            case .resume(let place): cluster.members[place].resume()
            case .heal: cluster.links.heal(key: ending.key)
            case .free: free()
            }
        }
    }

    private func start(_ place: Int) {
        if cluster.members[place].state == .down { cluster.members[place].start() }
    }

    private mutating func free() {
        isFilled = false
        do {
            try disk?.free()
        } catch {
            recorder.report("the disk cannot be emptied: \(error)")
        }
    }

    /// False if it cannot happen now: the member is down or paused already.
    private mutating func begin(_ fault: Fault, until end: Int, _ key: Int) -> Bool {
        func running(_ target: Fault.Target) -> Int? {
            let place = cluster.place(of: target, leader: watch.leader)
            return cluster.members[place].state == .running ? place : nil
        }
        switch fault {
        case .kill(let target):
            guard let place = running(target) else { return false }
            kill(place)
            endings.append((end, key, .start([place])))
        case .killAll:
            let places = cluster.members.indices.filter { cluster.members[$0].state == .running }
            places.forEach { kill($0) }
            endings.append((end, key, .start(places)))
        case .terminate(let target):
            guard let place = running(target), !armed.contains(place) else { return false }
            cluster.members[place].terminate()
            endings.append((end, key, .start([place])))
        case .pause(let target):
            guard let place = running(target) else { return false }
            cluster.members[place].pause()
            endings.append((end, key, .resume(place)))
        case .link(let fault, let cut):
            let links = cluster.links(of: cut, leader: watch.leader)
            cluster.links.set(fault, on: links, key: key)
            endings.append((end, key, .heal))
        case .fillDisk:
            guard let disk, !isFilled else { return false }
            isFilled = true
            disk.fill()
            endings.append((end, key, .free))
        case .failFlush(let target, let nth):
            guard let place = running(target) else { return false }
            return failFlush(place, nth)
        }
        return true
    }

    private mutating func kill(_ place: Int) {
        armed.remove(place)
        cluster.members[place].kill()
    }

    private mutating func failFlush(_ place: Int, _ nth: Int) -> Bool {
        let member = cluster.members[place]
        let data = URL(fileURLWithPath: member.directory).path
        let orders = "flush:\(nth):EIO:\(data)"
        guard let environment = PreloadedShim.environment(faults: orders) else { return false }
        kill(place)
        member.start(environment)
        armed.insert(place)
        return true
    }

    /// A member ends by itself only if its disk failed.
    private mutating func supervise() {
        for (place, member) in cluster.members.enumerated() {
            guard let status = member.unexpectedEnding() else { continue }
            if armed.remove(place) != nil, status == 4 {
                recorder.count("failed flushes")
            } else {
                recorder.report(
                    "n\(member.number) ended by itself with status \(status): \(member.lastWords)"
                )
            }
            member.start()
        }
    }

    /// Everybody runs, on sound disks.
    mutating func disarm() {
        for place in armed.sorted() {
            kill(place)
            cluster.members[place].start()
        }
        supervise()
    }
}
